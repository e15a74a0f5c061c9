#include "config/listeners.h"

#include "config/access.h"
#include "config/address.h"
#include "config/upstream.h"

#include <algorithm>

namespace config {
namespace {

const Address default_address = TcpAddress{.host = "127.0.0.1", .port = 5432};

bool names_server(const Parameter& parameter) {
    return parameter.keyword == "host" || parameter.keyword == "hostaddr" || parameter.keyword == "port";
}

std::string join(const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words) {
        list.append(list.empty() ? "" : ", ").append(word);
    }
    return list;
}

void append(std::vector<Parameter>& parameters, const std::vector<Parameter>& more) {
    parameters.insert(parameters.end(), more.begin(), more.end());
}

/// The listener that flags and environment alone describe.
ListenerDraft make_draft(const ListenerOverrides& overrides) {
    const auto names_host = [](const Parameter& parameter) {
        return names_server(parameter) && parameter.keyword != "port";
    };
    if (!overrides.upstream && std::none_of(overrides.variables.begin(), overrides.variables.end(), names_host)) {
        throw Error("there is no upstream to connect to; the shortest command that works is\n"
                    "    pg-tls-proxy --upstream host=mydemoserver.postgres.database.azure.com");
    }
    ListenerDraft listener;
    listener.place = "listener " + in_quotes(listener.name);
    return listener;
}

void override_one(ListenerDraft& listener, const ListenerOverrides& overrides) {
    if (!overrides.listen.empty()) {
        listener.addresses.clear();
    }
    for (const Given& address : overrides.listen) {
        listener.addresses.push_back({address.parse(parse_address), address.place});
    }
    if (!overrides.upstream) {
        append(listener.upstream, overrides.variables);
        return;
    }
    listener.upstream = overrides.variables;
    append(listener.upstream, parse_conninfo(overrides.upstream->text, overrides.upstream->place));
}

[[noreturn]] void refuse(const Given& given, const std::vector<ListenerDraft>& listeners) {
    std::vector<std::string> names;
    for (const ListenerDraft& listener : listeners) {
        names.push_back(in_quotes(listener.name));
    }
    throw Error(given.place, "which listener? The file has several: " + join(names) + "; set it there");
}

/// What names a single server cannot be meant for several listeners; the rest is for each of them.
void override_each(std::vector<ListenerDraft>& listeners, const ListenerOverrides& overrides,
                   std::vector<std::string>& notices) {
    if (overrides.upstream) {
        refuse(*overrides.upstream, listeners);
    }
    if (!overrides.listen.empty()) {
        refuse(overrides.listen.front(), listeners);
    }
    std::vector<std::string> ignored;
    for (const Parameter& variable : overrides.variables) {
        if (names_server(variable)) {
            ignored.push_back(variable.place);
            continue;
        }
        for (ListenerDraft& listener : listeners) {
            listener.upstream.push_back(variable);
        }
    }
    if (!ignored.empty()) {
        notices.push_back("ignored " + join(ignored) + ": the file has several listeners, each with its own upstream");
    }
}

/// Two sockets cannot have one address; port 0 is a new one each time.
void check_addresses(const Draft& draft, const std::vector<ListenerDraft>& listeners) {
    std::vector<PlacedAddress> taken;
    const auto check = [&](const PlacedAddress& placed) {
        const auto* tcp = std::get_if<TcpAddress>(&placed.address);
        for (const PlacedAddress& other : taken) {
            if (other.address == placed.address && (tcp == nullptr || tcp->port != 0)) {
                throw Error(placed.place,
                            in_quotes(to_string(placed.address)) + " is taken already (" + other.place + ")");
            }
        }
        taken.push_back(placed);
    };
    for (const ListenerDraft& listener : listeners) {
        std::for_each(listener.addresses.begin(), listener.addresses.end(), check);
    }
    if (draft.admin.listen) {
        check({*draft.admin.listen, draft.admin_place});
    }
}

std::vector<Listener> finish(const std::vector<ListenerDraft>& drafts, const ListenerOverrides& overrides,
                             std::vector<std::string>& notices) {
    std::vector<Listener> listeners;
    std::vector<std::string> ignored;
    for (const ListenerDraft& draft : drafts) {
        const std::string& place = overrides.upstream ? overrides.upstream->place : draft.place;
        ParsedUpstream parsed = make_upstream(draft.upstream, place);
        Listener& listener = listeners.emplace_back(Listener{
            draft.name, {}, std::move(parsed.upstream), draft.user_suffix, draft.access, draft.max_connections});
        for (const PlacedAddress& placed : draft.addresses) {
            listener.address.push_back(placed.address);
        }
        notices.insert(notices.end(), parsed.notices.begin(), parsed.notices.end());
        for (const std::string& keyword : parsed.ignored) {
            if (std::find(ignored.begin(), ignored.end(), keyword) == ignored.end()) {
                ignored.push_back(keyword);
            }
        }
    }
    if (!ignored.empty()) {
        notices.push_back("ignored " + join(ignored) + ": about the session, which the application opens itself");
    }
    return listeners;
}

} // namespace

std::vector<Listener> make_listeners(const Draft& draft, const ListenerOverrides& overrides,
                                     std::vector<std::string>& notices) {
    std::vector<ListenerDraft> drafts = draft.listeners;
    if (drafts.empty()) {
        drafts.push_back(make_draft(overrides));
    }
    if (drafts.size() == 1) {
        override_one(drafts.front(), overrides);
    } else {
        override_each(drafts, overrides, notices);
    }
    for (ListenerDraft& listener : drafts) {
        if (listener.addresses.empty()) {
            listener.addresses.push_back({default_address, listener.place + ", default address"});
        }
        listener.access.allow_remote_clients |= overrides.allow_remote_clients;
        check_access(listener);
    }
    check_addresses(draft, drafts);
    return finish(drafts, overrides, notices);
}

} // namespace config
