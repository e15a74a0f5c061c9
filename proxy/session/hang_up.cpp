#include "proxy/session/hang_up.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <poll.h>

namespace proxy {

namespace asio = boost::asio;

struct HangUp::State {
    std::function<void()> on_hang_up;
    asio::cancellation_signal cancel;
};

namespace {

/// Urgent data, which nobody sends, wakes as well.
bool has_hung_up(AppSocket& socket) {
    pollfd state{.fd = socket.native_handle(), .events = 0, .revents = 0};
    return poll(&state, 1, 0) == 1;
}

} // namespace

HangUp::HangUp(AppSocket& socket, std::function<void()> on_hang_up) : state_(std::make_shared<State>()) {
    state_->on_hang_up = std::move(on_hang_up);
    const auto wake = [state = state_, &socket](const boost::system::error_code& error) {
        if (!error && state->on_hang_up && has_hung_up(socket)) {
            state->on_hang_up();
        }
    };
    socket.async_wait(AppSocket::wait_error, asio::bind_cancellation_slot(state_->cancel.slot(), wake));
}

HangUp::~HangUp() {
    state_->on_hang_up = nullptr; // it may be on its way already
    state_->cancel.emit(asio::cancellation_type::terminal);
}

} // namespace proxy
