#include "proxy/session/session.h"

#include "proxy/deadline.h"
#include "proxy/listening/unix_socket.h"
#include "proxy/report/log.h"
#include "proxy/session/hang_up.h"
#include "tls/error.h"

namespace proxy {

using boost::system::error_code;

namespace {

// Of a name, for the log: as much as PostgreSQL makes of it (NAMEDATALEN - 1).
constexpr std::size_t max_name = 63;

/// Holds a place among the sessions that may go to a server.
class Place {
public:
    explicit Place(Admission& admission) : admission_(admission), taken_(admission.enter()) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        if (taken_) {
            admission_.leave();
        }
    }
    bool taken() const { return taken_; }
    Failure refusal() const {
        const std::string limit = std::to_string(admission_.limit());
        return {Reason::too_many_connections, "too many connections: " + admission_.name() + " is " + limit, {}, {}};
    }

private:
    Admission& admission_;
    bool taken_;
};

} // namespace

Session::Session(std::unique_ptr<Arrival> arrival, std::uint64_t id, std::shared_ptr<const Listener> listener,
                 std::shared_ptr<Admission> admission, Worker& worker)
    : arrival_(std::move(arrival)), in_reserve_(arrival_->in_reserve()), app_(worker.context()),
      client_(arrival_->client()), id_(id), listener_(std::move(listener)), admission_(std::move(admission)),
      worker_(worker) {}

Awaitable<void> Session::run() {
    listener_->metrics.connections.Increment();
    listener_->metrics.active.Increment();
    RelayEnd end{{Reason::internal, {}, {}, {}}, false};
    try {
        if (const auto arrival = std::move(arrival_)) { // unless it was aborted meanwhile
            arrival->move_to(app_);
        }
        end = co_await serve();
    } catch (const std::exception& error) {
        end.failure.message = std::string("internal error: ") + error.what();
        end.at_boundary = !std::holds_alternative<Relay>(phase_);
        phase_.emplace<std::monostate>(); // it refers to what is gone
    }
    ended_ = std::chrono::steady_clock::now();
    try {
        co_await part_from_app(end);
    } catch (const std::exception& error) {
        log::error("could not part from the application", {{"id", id_}, {"error", error.what()}});
    }
    record(end.failure);
}

Awaitable<RelayEnd> Session::serve() {
    auto startup = co_await read_startup();
    if (startup.has_error()) {
        co_return RelayEnd{startup.error(), true};
    }
    if (auto refusal = refuse_user(app_, listener_->access.allow_users)) {
        co_return RelayEnd{std::move(*refusal), true};
    }
    if (std::holds_alternative<protocol::CancelRequest>(startup->packet)) {
        co_return co_await forward_cancel(std::move(*startup));
    }
    const auto& message = std::get<protocol::StartupMessage>(startup->packet);
    user_ = tls::escape(std::string_view(message.user).substr(0, max_name));
    database_ = tls::escape(std::string_view(message.database).substr(0, max_name));

    if (!listener_->user_suffix.empty()) {
        protocol::append_to_user(startup->bytes, listener_->user_suffix);
    }

    const auto behind = protocol::behind_startup_packet(startup->bytes);
    const std::vector<std::uint8_t> requests(behind.begin(), behind.end());

    if (in_reserve_) {
        co_return RelayEnd{no_descriptors(), true};
    }
    const Place place(*admission_);
    const Place place_of_listener(*listener_->admission);
    if (!place.taken() || !place_of_listener.taken()) {
        co_return RelayEnd{(place.taken() ? place_of_listener : place).refusal(), true};
    }
    auto server = co_await reach_server(startup->bytes);
    if (server.has_error()) {
        co_return RelayEnd{server.error(), true};
    }
    (*server)->forget_chain();
    tls_version_ = (*server)->version();
    tls_cipher_ = (*server)->cipher();
    std::optional<CancelRoutes::Entry> cancel_route;
    const auto add_cancel_route = [&](protocol::Bytes key) {
        error_code gone;
        const Connector::Place server_place{(*server)->host(), (*server)->socket().remote_endpoint(gone)};
        if (!key.empty() && !gone) {
            cancel_route.emplace(listener_->cancel_routes->add(key, {listener_->upstream, server_place}));
        }
    };
    const Relay::Options options{accepted_, listener_->limits.half_close_timeout, listener_->limits.idle_timeout,
                                 add_cancel_route};
    auto& relay = phase_.emplace<Relay>(app_, **server, worker_.scratch(), listener_->metrics, options);
    relay.note_requests(requests);
    auto end = co_await relay.run(std::move(startup->bytes));
    if (end.failure.reason == Reason::tls_handshake) {
        listener_->upstream->record_refusal();
    }
    bytes_to_server_ += relay.bytes_to_server();
    bytes_to_app_ = relay.bytes_to_app();
    phase_.emplace<std::monostate>();
    co_return end;
}

Awaitable<Result<Startup>> Session::read_startup() {
    auto& reader = phase_.emplace<StartupReader>(app_);
    const auto limit = listener_->limits.startup_timeout;
    const Deadline deadline(app_.get_executor(), limit, [&reader, limit] {
        const std::string time = std::to_string(limit.count());
        reader.abort({Reason::startup_timeout, "no complete startup packet within " + time + " ms", {}, {}});
    });
    auto startup = co_await reader.read();
    phase_.emplace<std::monostate>();
    co_return startup;
}

/// `opening` is afterwards what is still to be sent: a warm connection has it already.
Awaitable<Result<std::unique_ptr<tls::Stream>>> Session::reach_server(std::vector<std::uint8_t>& opening) {
    const auto pool = worker_.warm_pool(*listener_);
    if (pool) {
        auto warm = co_await start_warm(pool, opening);
        if (warm.has_error()) {
            co_return warm.error();
        }
        if (*warm) {
            pool->refill();
            bytes_to_server_ = opening.size();
            listener_->metrics.bytes_to_server.Increment(static_cast<double>(opening.size()));
            opening.clear();
            co_return warm;
        }
    }
    auto server = co_await connect_for_app();
    if (pool && server.has_value()) {
        pool->refill();
    }
    co_return server;
}

/// As WarmStart::open(), unless the app leaves meanwhile.
Awaitable<Result<std::unique_ptr<tls::Stream>>> Session::start_warm(std::shared_ptr<WarmPool> pool,
                                                                    const std::vector<std::uint8_t>& opening) {
    auto& start = phase_.emplace<WarmStart>(std::move(pool));
    const HangUp hang_up(app_, [&start] {
        start.abort({Reason::client_lost, "the application left before its server was reached", {}, {}});
    });
    auto server = co_await start.open(opening);
    phase_.emplace<std::monostate>();
    co_return server;
}

Awaitable<Result<std::unique_ptr<tls::Stream>>> Session::connect(CancelRoutes::Route route) {
    auto& connector =
        phase_.emplace<Connector>(app_.get_executor(), std::move(route.upstream), nullptr, std::move(route.place));
    auto server = co_await connector.connect(Connector::Retry::as_configured);
    phase_.emplace<std::monostate>();
    co_return server;
}

/// Connects, unless the app leaves meanwhile.
Awaitable<Result<std::unique_ptr<tls::Stream>>> Session::connect_for_app() {
    const HangUp hang_up(app_, [this] {
        if (auto* connector = std::get_if<Connector>(&phase_)) {
            connector->abort({Reason::client_lost, "the application left before its server was reached", {}, {}});
        }
    });
    CancelRoutes::Route to_any{listener_->upstream, {}}; // named: GCC 12 destroys a temporary in a co_await twice
    co_return co_await connect(std::move(to_any));
}

/// Sends the CancelRequest where every other byte goes: through a verified TLS connection of its own, to the server
/// that has the session. A server answers by closing, so the app is told nothing else, whatever happens.
Awaitable<RelayEnd> Session::forward_cancel(Startup startup) {
    auto route = listener_->cancel_routes->find(protocol::key_of_cancel_request(startup.bytes));
    if (!route) {
        route.emplace(listener_->upstream, std::nullopt);
    }
    const auto upstream = route->upstream;
    auto server = co_await connect(std::move(*route));
    if (server.has_error()) {
        listener_->metrics.cancels_failed.Increment();
        co_return RelayEnd{server.error(), false};
    }
    tls::Stream& stream = **server;
    const Deadline deadline(app_.get_executor(), listener_->upstream->settings().connect_timeout, [&stream] {
        error_code ignored;
        stream.socket().close(ignored);
    });
    bool sent = stream.write_some(startup.bytes).status == tls::Stream::Status::ok;
    sent = sent && stream.shutdown() == tls::Stream::Status::ok;
    error_code error;
    while (sent && !error && stream.read_some(worker_.scratch()).status == tls::Stream::Status::want_read) {
        auto wait = stream.wait_readable();
        std::tie(error) = co_await std::move(wait);
    }
    upstream->record_end(stream);
    sent = sent && !stream.refusal();
    (sent ? listener_->metrics.cancels_forwarded : listener_->metrics.cancels_failed).Increment();
    bytes_to_server_ = startup.bytes.size();
    co_return RelayEnd{{Reason::cancel_request, {}, {}, {}}, false};
}

} // namespace proxy
