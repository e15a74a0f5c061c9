#include "proxy/upstream/endpoints.h"

#include "proxy/socket.h"

#include <algorithm>
#include <iterator>

namespace proxy {

Endpoints to_endpoints(const Addresses& addresses, std::uint16_t port) {
    Endpoints endpoints;
    for (const auto& address : addresses) {
        endpoints.emplace_back(address, port);
    }
    return endpoints;
}

Endpoints interleave(const Endpoints& endpoints) {
    Endpoints first;
    Endpoints second;
    std::ranges::partition_copy(endpoints, std::back_inserter(first), std::back_inserter(second),
                                [&](auto& endpoint) { return endpoint.protocol() == endpoints.front().protocol(); });
    Endpoints interleaved;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        for (const Endpoints* family : {&first, &second}) {
            if (i < family->size()) {
                interleaved.push_back((*family)[i]);
            }
        }
    }
    return interleaved;
}

std::string join(const Endpoints& endpoints) {
    std::string list;
    for (const auto& endpoint : endpoints) {
        list += (list.empty() ? "" : ", ") + to_string(endpoint);
    }
    return list;
}

} // namespace proxy
