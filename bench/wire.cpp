/// A long wire in user space: a TCP relay that keeps everything for half a round trip, in both directions.
///
/// The kernel answers a connect() at once, so the round trip of TCP's own handshake is added to a client's first bytes.

#include "bench/net.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Descriptor {
    explicit Descriptor(int opened) : number(opened) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(number); }
    const int number;
};

/// One direction of a connection. Both of its sockets stay open as long as bytes are on their way.
struct Direction {
    std::shared_ptr<Descriptor> from;
    std::shared_ptr<Descriptor> to;
    Clock::time_point earliest;
};

class Wire {
public:
    Wire(int listener, const Address& upstream, Clock::duration round_trip)
        : listener_(listener), upstream_(upstream), round_trip_(round_trip) {
        watch(epoll_, listener_, EPOLLIN, nullptr);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 64> events{};
        for (;;) {
            const timespec timeout = until_next();
            const int size = static_cast<int>(events.size());
            const int count =
                epoll_pwait2(epoll_, events.data(), size, under_way_.empty() ? nullptr : &timeout, nullptr);
            for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
                if (event.data.ptr == nullptr) {
                    accept();
                } else {
                    receive(static_cast<Direction*>(event.data.ptr));
                }
            }
            deliver();
        }
    }

private:
    struct Arrival {
        std::shared_ptr<Descriptor> to;
        std::string bytes; // none: the end
    };

    void accept() {
        const int descriptor = accept_from(listener_);
        if (descriptor < 0) {
            return;
        }
        const auto client = std::make_shared<Descriptor>(descriptor);
        const auto server = std::make_shared<Descriptor>(begin_connect(upstream_));
        const auto now = Clock::now();
        watch(epoll_, client->number, EPOLLIN, new Direction{client, server, now + round_trip_ + round_trip_ / 2});
        watch(epoll_, server->number, EPOLLIN, new Direction{server, client, now});
    }

    void receive(Direction* direction) {
        std::array<char, std::size_t{64} * 1024> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
        const ssize_t got = recv(direction->from->number, buffer.data(), buffer.size(), 0);
        const auto due = std::max(direction->earliest, Clock::now() + round_trip_ / 2);
        under_way_.emplace(
            due,
            Arrival{direction->to, std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)))});
        if (got <= 0) {
            epoll_ctl(epoll_, EPOLL_CTL_DEL, direction->from->number, nullptr);
            delete direction;
        }
    }

    /// Little enough goes over this wire that a socket always takes it.
    void deliver() {
        while (!under_way_.empty() && under_way_.begin()->first <= Clock::now()) {
            const Arrival arrival = std::move(under_way_.begin()->second);
            under_way_.erase(under_way_.begin());
            if (arrival.bytes.empty()) {
                shutdown(arrival.to->number, SHUT_WR);
            } else {
                send(arrival.to->number, arrival.bytes.data(), arrival.bytes.size(), MSG_NOSIGNAL);
            }
        }
    }

    timespec until_next() const {
        if (under_way_.empty()) {
            return {};
        }
        const auto left = std::max(Clock::duration::zero(), under_way_.begin()->first - Clock::now());
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        return {seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    }

    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    int listener_;
    Address upstream_;
    Clock::duration round_trip_;
    std::multimap<Clock::time_point, Arrival> under_way_; // equal times keep their order
};

} // namespace
} // namespace bench

int main(int argc, char** argv) {
    std::string listen = "127.0.0.1:5433";
    std::string upstream = "127.0.0.1:5432";
    double round_trip = 1;
    CLI::App app("Relays TCP with a delay.");
    app.add_option("--listen", listen, "IPv4 address and port for clients")->capture_default_str();
    app.add_option("--upstream", upstream, "IPv4 address and port of the server")->capture_default_str();
    app.add_option("--round-trip", round_trip, "Milliseconds")->capture_default_str()->check(CLI::NonNegativeNumber);
    CLI11_PARSE(app, argc, argv);
    prctl(PR_SET_TIMERSLACK, 1); // nanosecond; the default adds 50 microseconds to every wait
    const int listener = bench::listen_on(bench::parse_address(listen));
    const std::chrono::duration<double, std::milli> delay(round_trip);
    std::fputs("listening\n", stderr);
    const auto address = bench::parse_address(upstream);
    bench::Wire(listener, address, std::chrono::duration_cast<std::chrono::steady_clock::duration>(delay)).run();
}
