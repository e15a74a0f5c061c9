#pragma once

#include "proxy/socket.h"

#include <functional>
#include <memory>

namespace proxy {

/// Calls a function when the peer of `socket` has left, unless it is destroyed before. A peer that has only closed its
/// sending side is still there: over TCP that looks like leaving, so only a reset counts as such; over a Unix socket
/// the two can be told apart. For one event loop.
class HangUp {
public:
    HangUp(AppSocket& socket, std::function<void()> on_hang_up);
    HangUp(const HangUp&) = delete;
    HangUp& operator=(const HangUp&) = delete;
    ~HangUp();

private:
    struct State;

    std::shared_ptr<State> state_;
};

} // namespace proxy
