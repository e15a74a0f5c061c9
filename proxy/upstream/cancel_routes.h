#pragma once

#include "proxy/upstream/connector.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace proxy {

/// Where the sessions are, by the keys that they can be cancelled with: of all servers and addresses of an upstream one
/// alone knows such a key. Safe to use from all threads.
class CancelRoutes : public std::enable_shared_from_this<CancelRoutes> {
public:
    using Key = std::vector<std::uint8_t>;

    struct Route {
        std::shared_ptr<Upstream> upstream;    ///< of the session, whatever was reloaded since
        std::optional<Connector::Place> place; ///< of it; any, where nothing is known
    };

    /// Takes its route out again when it is destroyed.
    class Entry;

    /// Source of `key`: BackendKeyData.
    Entry add(std::span<const std::uint8_t> key, Route route);

    /// Source of `key`: CancelRequest.
    std::optional<Route> find(std::span<const std::uint8_t> key) const;

private:
    using Routes = std::multimap<Key, Route>; // two servers may give the same key

    mutable std::mutex mutex_;
    Routes routes_; // guarded by mutex_
};

class CancelRoutes::Entry {
public:
    Entry(std::shared_ptr<CancelRoutes> routes, Routes::iterator place) : routes_(std::move(routes)), place_(place) {}
    Entry(Entry&&) = default;
    Entry& operator=(Entry&&) = delete;
    ~Entry();

private:
    std::shared_ptr<CancelRoutes> routes_;
    Routes::iterator place_;
};

} // namespace proxy
