#include "proxy/upstream/resolver.h"

#include "proxy/report/log.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstring>
#include <netdb.h>
#include <thread>

namespace proxy {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

std::optional<asio::ip::address> to_literal(const std::string& name) {
    boost::system::error_code not_literal;
    const asio::ip::address literal = asio::ip::make_address(name, not_literal);
    return not_literal ? std::nullopt : std::optional(literal);
}

asio::ip::address to_address(const addrinfo& entry) {
    asio::ip::tcp::endpoint endpoint;
    endpoint.resize(entry.ai_addrlen);
    std::memcpy(endpoint.data(), entry.ai_addr, entry.ai_addrlen);
    return endpoint.address();
}

/// An answer, and not the lack of one: the name servers know that there is no address.
bool is_denial(int error) {
    return error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY;
}

} // namespace

NameAnswer ask_system(const std::string& name) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    NameAnswer answer;
    answer.error = getaddrinfo(name.c_str(), nullptr, &hints, &list);
    if (answer.error == 0) {
        for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
            answer.addresses.push_back(to_address(*entry));
        }
        freeaddrinfo(list);
    }
    return answer;
}

HostName::HostName(std::string name, std::chrono::seconds ttl, Ask ask)
    : name_(std::move(name)), literal_(to_literal(name_)), ask_(std::move(ask)), cache_(ttl) {}

void HostName::expire() {
    const std::lock_guard lock(mutex_);
    cache_.expire();
}

void HostName::start() {
    std::thread([self = shared_from_this()] { self->finish(self->ask_(self->name_)); }).detach();
    running_ = true;
    began_ = Clock::now();
}

/// On the thread of the look-up, which may outlive the event loops and all but this object.
void HostName::finish(NameAnswer answer) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    running_ = false;
    ++finished_;
    if (answer.error == 0) {
        cache_.answered(answer.addresses, now);
        warned_ = false;
    } else if (is_denial(answer.error)) {
        cache_.denied();
    } else {
        cache_.failed(now);
    }
    last_ = std::move(answer);
    for (const auto& [lookup, waiter] : waiters_) {
        asio::post(waiter.executor, waiter.wake);
    }
}

Lookup::Lookup(std::shared_ptr<HostName> host, Want want, TimePoint now, Executor executor, std::function<void()> wake)
    : host_(std::move(host)), want_(want) {
    if (host_->literal_) {
        found_ = Found{{*host_->literal_}, Source::literal};
        return;
    }
    const std::lock_guard lock(host_->mutex_);
    if (const Addresses* addresses = host_->cache_.fresh(now); addresses != nullptr && want == Want::any) {
        found_ = Found{*addresses, Source::cached};
        return;
    }
    joined_ = host_->finished_;
    if (!host_->running_) {
        host_->start();
    }
    if (host_->cache_.stale(now) != nullptr && want == Want::any) {
        until_ = host_->began_ + patience;
    }
    host_->waiters_.emplace(this, HostName::Waiter{std::move(executor), std::move(wake)});
}

Lookup::~Lookup() {
    const std::lock_guard lock(host_->mutex_);
    host_->waiters_.erase(this);
}

std::optional<Result<Lookup::Found>> Lookup::outcome(TimePoint now) {
    if (found_) {
        return *found_;
    }
    const std::lock_guard lock(host_->mutex_);
    const bool finished = host_->finished_ != joined_;
    if (finished && host_->last_.error == 0) {
        return Found{host_->last_.addresses, Source::answer};
    }
    const Addresses* stale = want_ == Want::any ? host_->cache_.stale(now) : nullptr;
    if (stale != nullptr && (finished || now >= until_)) {
        return use_stale(*stale, finished);
    }
    if (!finished) {
        until_ = now < until_ ? until_ : TimePoint::max();
        return std::nullopt;
    }
    return Failure{Reason::dns,
                   "could not translate host name \"" + host_->name_ +
                       "\" to address: " + gai_strerror(host_->last_.error),
                   {},
                   {}};
}

/// Warns once, until there is a good answer again.
Lookup::Found Lookup::use_stale(const Addresses& addresses, bool finished) {
    if (!std::exchange(host_->warned_, true)) {
        log::warn("the name cannot be looked up, its last addresses are used",
                  {{"host", host_->name_}, {"error", finished ? gai_strerror(host_->last_.error) : "no answer yet"}});
    }
    return {addresses, Source::stale};
}

} // namespace proxy
