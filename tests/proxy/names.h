#pragma once

#include "proxy/upstream/resolver.h"

#include <condition_variable>
#include <deque>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <string>

namespace proxy::test {

inline Addresses addresses(std::initializer_list<const char*> texts) {
    Addresses list;
    for (const char* text : texts) {
        list.push_back(boost::asio::ip::make_address(text));
    }
    return list;
}

/// Name servers that answer when a test says so, and what it says.
class Names {
public:
    HostName::Ask ask() const {
        return [state = state_](const std::string&) {
            std::unique_lock lock(state->mutex);
            ++state->asked;
            state->changed.wait(lock, [&] { return !state->answers.empty(); });
            NameAnswer answer = std::move(state->answers.front());
            state->answers.pop_front();
            return answer;
        };
    }

    /// Answers a question that was asked or will be.
    void answer(std::initializer_list<const char*> texts) { push({0, addresses(texts)}); }
    void fail(int error) { push({error, {}}); }

    int asked() const {
        const std::lock_guard lock(state_->mutex);
        return state_->asked;
    }

private:
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<NameAnswer> answers;
        int asked = 0;
    };

    void push(NameAnswer answer) {
        const std::lock_guard lock(state_->mutex);
        state_->answers.push_back(std::move(answer));
        state_->changed.notify_all();
    }

    std::shared_ptr<State> state_ = std::make_shared<State>(); // the thread of a look-up may outlive the test
};

} // namespace proxy::test
