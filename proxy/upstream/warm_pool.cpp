#include "proxy/upstream/warm_pool.h"

#include "proxy/deadline.h"
#include "proxy/report/log.h"
#include "proxy/upstream/connector.h"

#include <boost/asio/co_spawn.hpp>

namespace proxy {

namespace asio = boost::asio;

namespace {

// PostgreSQL closes a connection that has not authenticated within authentication_timeout: 60 s, unless it is told
// otherwise. Not all at once, so that they are not replaced all at once.
constexpr std::chrono::milliseconds shortest_lifetime{25'000};
constexpr std::chrono::milliseconds longest_lifetime{35'000};

/// An idle server has nothing to say but that it closes. (Session tickets are none of its words.)
bool is_idle(tls::Stream& stream) {
    return stream.peek() == tls::Stream::Status::want_read;
}

void report(const std::exception_ptr& error) {
    try {
        if (error) {
            std::rethrow_exception(error);
        }
    } catch (const std::exception& what) {
        log::error("warm connection lost", {{"error", what.what()}});
    }
}

} // namespace

struct WarmPool::Held {
    std::unique_ptr<tls::Stream> stream; ///< null once taken
    bool expired = false;
};

WarmPool::WarmPool(Executor executor, std::shared_ptr<Upstream> upstream, std::size_t limit)
    : executor_(std::move(executor)), upstream_(std::move(upstream)), demand_(limit) {}

WarmPool::~WarmPool() {
    close();
}

std::unique_ptr<tls::Stream> WarmPool::take() {
    demand_.arrival(Demand::Time::clock::now());
    while (!held_.empty()) {
        const auto held = held_.front();
        auto stream = std::move(held->stream);
        remove(held);
        boost::system::error_code ignored;
        stream->socket().cancel(ignored); // ends hold()
        if (is_idle(*stream)) {
            return stream;
        }
        upstream_->record_end(*stream);
    }
    return nullptr;
}

void WarmPool::refill() {
    while (!closed_ && held_.size() + making_ < demand_.target(Demand::Time::clock::now())) {
        ++making_;
        asio::co_spawn(executor_, make(), [self = shared_from_this()](const std::exception_ptr& error) {
            --self->making_;
            report(error);
        });
    }
}

void WarmPool::close() {
    closed_ = true;
    drop_all();
}

void WarmPool::pause() {
    demand_.pause(Demand::Time::clock::now());
    drop_all();
}

void WarmPool::drop_all() {
    while (!held_.empty()) {
        const auto held = held_.front();
        remove(held);
        held->stream.reset();
    }
}

/// If it fails, the next session that reaches the server has more made.
Awaitable<void> WarmPool::make() {
    Connector connector(executor_, upstream_);
    auto stream = co_await connector.connect();
    const bool wanted = held_.size() < demand_.target(Demand::Time::clock::now()); // or it was paused meanwhile
    if (stream.has_value() && wanted && !closed_) {
        add(std::move(*stream));
    } else if (stream.has_value()) {
        (*stream)->shutdown();
    }
}

void WarmPool::add(std::unique_ptr<tls::Stream> stream) {
    held_.push_back(std::make_shared<Held>(Held{std::move(stream)}));
    upstream_->metrics().warm.Increment();
    log::debug("warm connection made", {{"upstream", upstream_->name()}});
    asio::co_spawn(executor_, hold(held_.back()), report);
}

void WarmPool::remove(const std::shared_ptr<Held>& held) {
    held_.remove(held);
    upstream_->metrics().warm.Decrement();
}

/// Until it is taken, has become old, or the server closes it.
Awaitable<void> WarmPool::hold(std::shared_ptr<Held> held) {
    const auto self = shared_from_this();
    const Deadline deadline(executor_, lifetime(), [held] {
        held->expired = true;
        boost::system::error_code ignored;
        if (held->stream) {
            held->stream->socket().cancel(ignored);
        }
    });
    while (held->stream && !held->expired && is_idle(*held->stream)) {
        auto wait = held->stream->wait_readable();
        co_await std::move(wait);
    }
    if (held->stream) {
        remove(held);
        upstream_->record_end(*held->stream);
        log::debug("warm connection closed", {{"upstream", upstream_->name()}, {"expired", held->expired}});
        held->stream->shutdown();
        held->stream.reset();
        if (held->expired) {
            refill(); // not where the server has closed: it would be asked over and over
        }
    }
}

std::chrono::milliseconds WarmPool::lifetime() {
    std::uniform_int_distribution<std::chrono::milliseconds::rep> any(shortest_lifetime.count(),
                                                                      longest_lifetime.count());
    return std::chrono::milliseconds(any(random_));
}

} // namespace proxy
