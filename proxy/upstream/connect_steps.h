#pragma once

#include <prometheus/histogram.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace proxy {

/// One step of a connect, for people to read.
struct ConnectStep {
    std::string phase;
    std::chrono::steady_clock::duration duration;
    std::string outcome;
};

/// What a connect is doing and what it has done: for the message of a timeout, for the metrics, and for `check`.
class ConnectSteps {
public:
    using Clock = std::chrono::steady_clock;

    /// `trace`, where given, gets every step and must outlive this.
    explicit ConnectSteps(std::vector<ConnectStep>* trace) : trace_(trace) {}

    void begin(const char* phase) {
        phase_ = phase;
        began_ = Clock::now();
    }

    /// The phase that began last has succeeded.
    void finish(prometheus::Histogram& histogram, const std::function<std::string()>& outcome) {
        histogram.Observe(std::chrono::duration<double>(Clock::now() - began_).count());
        if (trace_ != nullptr) {
            note(outcome());
        }
    }

    /// Something else came of it, or of a part of it that began at `began`.
    void note(std::string outcome) { note(std::move(outcome), began_); }
    void note(std::string outcome, Clock::time_point began) {
        if (trace_ != nullptr) {
            trace_->push_back({phase_, Clock::now() - began, std::move(outcome)});
        }
    }

    /// As in "while …".
    const std::string& phase() const { return phase_; }

private:
    std::vector<ConnectStep>* trace_;
    std::string phase_;
    Clock::time_point began_;
};

} // namespace proxy
