#pragma once

#include "proxy/listening/listener.h"
#include "proxy/session/relay.h"
#include "proxy/session/startup.h"
#include "proxy/session/worker.h"
#include "proxy/socket.h"
#include "proxy/upstream/connector.h"
#include "proxy/upstream/warm_start.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace proxy {

/// One client connection, from accept to close. Lives on one worker; its members are called on that worker's thread.
class Session {
public:
    /// The listener and the admission are shared with other sessions.
    Session(std::unique_ptr<Arrival> arrival, std::uint64_t id, std::shared_ptr<const Listener> listener,
            std::shared_ptr<Admission> admission, Worker& worker);

    /// Everything. Counts and logs the end.
    Awaitable<void> run();

    /// Ends it with 57P03, if no server has been reached yet.
    void drain();
    /// Ends it at its next message boundary, with 57P01.
    void stop();
    /// Ends it now.
    void abort();

private:
    Awaitable<RelayEnd> serve();
    Awaitable<Result<Startup>> read_startup();
    Awaitable<Result<std::unique_ptr<tls::Stream>>> reach_server(std::vector<std::uint8_t>& opening);
    Awaitable<Result<std::unique_ptr<tls::Stream>>> start_warm(std::shared_ptr<WarmPool> pool,
                                                               const std::vector<std::uint8_t>& opening);
    Awaitable<Result<std::unique_ptr<tls::Stream>>> connect(CancelRoutes::Route route);
    Awaitable<Result<std::unique_ptr<tls::Stream>>> connect_for_app();
    Awaitable<RelayEnd> forward_cancel(Startup startup);
    Awaitable<void> part_from_app(const RelayEnd& end);
    /// As drain(), without waiting for the startup packet.
    void end_opening();
    void record(const Failure& end);

    std::unique_ptr<Arrival> arrival_; ///< until it runs
    bool in_reserve_;                  ///< as Arrival::in_reserve()
    AppSocket app_;
    std::string client_;
    std::uint64_t id_;
    std::shared_ptr<const Listener> listener_;
    std::shared_ptr<Admission> admission_;
    Worker& worker_;
    std::chrono::steady_clock::time_point accepted_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point ended_;

    std::string user_;
    std::string database_;
    std::string tls_version_;
    std::string tls_cipher_;
    std::uint64_t bytes_to_server_ = 0;
    std::uint64_t bytes_to_app_ = 0;
    std::variant<std::monostate, StartupReader, WarmStart, Connector, Relay> phase_; ///< what it is waiting in
};

} // namespace proxy
