#pragma once

#include "proxy/report/failure.h"
#include "proxy/socket.h"
#include "proxy/upstream/cached_addresses.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace proxy {

/// What getaddrinfo() says of a name.
struct NameAnswer {
    int error = 0; ///< one of EAI_…, or 0
    Addresses addresses;
};

/// Blocks for as long as the system's resolver takes.
NameAnswer ask_system(const std::string& name);

class Lookup;

/// A host as the settings name it, and what is known of its addresses; all connections to it share one look-up and its
/// answer. Safe to use from all threads.
class HostName : public std::enable_shared_from_this<HostName> {
public:
    using Ask = std::function<NameAnswer(const std::string& name)>;

    /// `name` may be an address literal, which is never looked up. `ttl`: for how long an answer is kept, zero: not at
    /// all. `ask` runs on a thread of its own.
    HostName(std::string name, std::chrono::seconds ttl, Ask ask = ask_system);

    const std::string& text() const { return name_; }

    /// A connect has failed, for which old addresses may be the reason: the next one asks anew.
    void expire();

private:
    friend class Lookup;

    struct Waiter {
        Executor executor;
        std::function<void()> wake;
    };

    void start();
    void finish(NameAnswer answer);

    const std::string name_;
    const std::optional<boost::asio::ip::address> literal_;
    const Ask ask_;
    std::mutex mutex_; // guards what follows
    CachedAddresses cache_;
    std::map<const Lookup*, Waiter> waiters_;
    bool running_ = false;
    CachedAddresses::TimePoint began_; ///< the look-up that is running
    std::uint64_t finished_ = 0;       ///< look-ups so far
    NameAnswer last_;                  ///< what came of the last one
    bool warned_ = false;              ///< of stale addresses, since the last answer
};

/// One connection's wish for addresses. getaddrinfo() cannot be interrupted, so it runs on another thread, and whoever
/// waits for it can walk away. For one event loop.
class Lookup {
public:
    using TimePoint = CachedAddresses::TimePoint;

    /// What an app is made to wait for an answer while there is an old one. Source: RFC 8767, section 5
    static constexpr std::chrono::milliseconds patience{1800};

    enum class Want : std::uint8_t {
        any,  ///< what is remembered will do
        anew, ///< nothing but what the name servers say now
    };
    enum class Source : std::uint8_t { literal, answer, cached, stale };
    struct Found {
        Addresses addresses;
        Source source;
        bool is_remembered() const { return source == Source::cached || source == Source::stale; }
    };

    /// `wake` is posted to `executor` when there is an outcome. It may outlive this object, if it is on its way then.
    Lookup(std::shared_ptr<HostName> host, Want want, TimePoint now, Executor executor, std::function<void()> wake);
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;
    ~Lookup();

    /// What came of it, nothing as long as it is under way. Fails with Reason::dns.
    std::optional<Result<Found>> outcome(TimePoint now);

    /// When there will be an outcome even if nothing comes; TimePoint::max(): never.
    TimePoint until() const { return until_; }

private:
    Found use_stale(const Addresses& addresses, bool finished);

    std::shared_ptr<HostName> host_;
    Want want_;
    std::optional<Found> found_; ///< without waiting
    std::uint64_t joined_ = 0;   ///< look-ups that had finished before
    TimePoint until_ = TimePoint::max();
};

} // namespace proxy
