#include "proxy/admin/status.h"
#include "proxy/admin/status_page.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <spdlog/fmt/fmt.h>

namespace proxy {

namespace json = boost::json;

namespace {

constexpr std::int64_t days_to_worry = 30;

std::string escape(std::string_view text) {
    std::string escaped;
    for (const char character : text) {
        switch (character) {
        case '&': escaped += "&amp;"; break;
        case '<': escaped += "&lt;"; break;
        case '>': escaped += "&gt;"; break;
        case '"': escaped += "&quot;"; break;
        case '\'': escaped += "&#39;"; break;
        default: escaped += character;
        }
    }
    return escaped;
}

/// A member as escaped text; `otherwise` where it is null.
std::string text(const json::object& object, std::string_view key, std::string_view otherwise = "–") {
    const json::value& value = object.at(key);
    if (value.is_null()) {
        return std::string(otherwise);
    }
    return value.is_string() ? escape(value.get_string()) : json::serialize(value);
}

/// An address that may go on in the next line behind its punctuation.
std::string breakable(std::string_view address) {
    std::string html;
    for (const char character : address) {
        html += escape({&character, 1});
        html += character == '.' || character == ':' || character == '/' || character == ',' ? "<wbr>" : "";
    }
    return html;
}

/// Bytes for people: "512 B", "1.5 MiB".
std::string size(const json::value& bytes) {
    constexpr double step = 1024;
    double amount = bytes.to_number<double>();
    const char* unit = "B";
    for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
        if (amount < step) {
            break;
        }
        amount /= step;
        unit = next;
    }
    return fmt::format("{:.{}f} {}", amount, unit[0] == 'B' ? 0 : 1, unit);
}

std::string days_left(const json::object& certificate) {
    const auto days = certificate.at("days_left").to_number<std::int64_t>();
    if (days < 0) {
        return R"(<span class="badge bad">expired</span>)";
    }
    return fmt::format(R"(<span class="badge {}">{} days left</span>)", days < days_to_worry ? "warn" : "good", days);
}

std::string chain(const json::array& certificates) {
    if (certificates.empty()) {
        return R"(<p class="soft">Not seen yet: there has been no handshake.</p>)";
    }
    std::string rows;
    for (const json::value& certificate : certificates) {
        const json::object& one = certificate.as_object();
        rows += fmt::format(R"(<tr><td class="fixed">{}</td><td>{}</td><td class="fixed">{}</td>)"
                            R"(<td class="fixed">{}</td></tr>)",
                            text(one, "position"), text(one, "subject"), text(one, "not_after"), days_left(one));
    }
    return "<table><tr><th>Certificate</th><th>Subject</th><th>Valid until</th><th></th></tr>" + rows + "</table>";
}

std::string addresses(const json::array& list) {
    std::string lines;
    for (const json::value& address : list) {
        lines += (lines.empty() ? "" : "<br>") + breakable(address.as_string());
    }
    return lines.empty() ? "closed" : lines;
}

std::string listener(const json::object& it) {
    const json::object& upstream = it.at("upstream").as_object();
    const json::value& since = upstream.at("seconds_since_handshake");
    const std::string last = since.is_null() ? "none yet" : json::serialize(since) + " s ago";
    const std::string limit = it.at("max_connections").is_null() ? "" : " of " + text(it, "max_connections");
    return fmt::format(
        R"(<section class="card"><div class="head"><h2>{name}</h2></div>
<div class="way"><div class="stop">app</div><div class="leg"><span>plaintext</span><span>to this proxy</span></div>
<div class="stop">{addresses}</div>
<div class="leg {tls}"><span>{version}</span><span>{cipher}</span></div><div class="stop">{server}</div></div>
<dl><div><dt>Sessions</dt><dd class="number">{sessions}<span class="soft">{limit}</span></dd></div>
<div><dt>Connections so far</dt><dd class="number">{connections}</dd></div>
<div><dt>To the server</dt><dd class="number">{to_server}</dd></div>
<div><dt>To the app</dt><dd class="number">{to_app}</dd></div></dl>
<h3>TLS, enforced by this proxy</h3>
<dl class="wide"><div><dt>sslmode</dt><dd>{sslmode}</dd></div><div><dt>Verified</dt><dd>{rule}</dd></div>
<div><dt>Trust anchors</dt><dd>{trust}</dd></div><div><dt>Last handshake</dt><dd>{last}</dd></div></dl>
<h3>Certificate chain</h3>
{chain}</section>
)",
        fmt::arg("name", text(it, "name")), fmt::arg("addresses", addresses(it.at("addresses").as_array())),
        fmt::arg("tls", since.is_null() ? "" : "tls"), fmt::arg("version", text(upstream, "tls_version", "TLS")),
        fmt::arg("cipher", text(upstream, "cipher", "no handshake yet")),
        fmt::arg("server", breakable(upstream.at("name").as_string())), fmt::arg("sessions", text(it, "sessions")),
        fmt::arg("limit", limit), fmt::arg("connections", text(it, "connections")),
        fmt::arg("to_server", size(it.at("bytes_to_server"))), fmt::arg("to_app", size(it.at("bytes_to_app"))),
        fmt::arg("sslmode", text(upstream, "sslmode")), fmt::arg("rule", text(upstream, "verification")),
        fmt::arg("trust", text(upstream, "trust")), fmt::arg("last", last),
        fmt::arg("chain", chain(upstream.at("chain").as_array())));
}

std::string failures(const json::array& list) {
    if (list.empty()) {
        return R"(<p class="soft">None since the proxy started.</p>)";
    }
    std::string rows;
    for (const json::value& failure : list) {
        const json::object& one = failure.as_object();
        rows += fmt::format(R"(<tr><td class="fixed">{}</td><td class="fixed">{}</td>)"
                            R"(<td class="fixed"><span class="badge bad">{}</span> × {}</td>)"
                            R"(<td>{}<br><span class="soft">{}</span></td></tr>)",
                            text(one, "time"), text(one, "listener"), text(one, "reason"), text(one, "times"),
                            text(one, "message"), text(one, "hint"));
    }
    return "<table><tr><th>Latest</th><th>Listener</th><th>Reason</th><th>What happened, and the way out</th></tr>" +
           rows + "</table>";
}

} // namespace

std::string to_html(const json::object& status) {
    std::string listeners;
    for (const json::value& each : status.at("listeners").as_array()) {
        listeners += listener(each.as_object());
    }
    const bool serving = status.at("state").as_string() == "serving";
    const std::string content = fmt::format(
        R"(<main id="content"><header><h1>pg-tls-proxy</h1><span id="live" class="badge {}">{}</span>
<span class="soft">{} · {} · OpenSSL {}</span>
<nav><a href="/metrics">/metrics</a><a href="/healthz">/healthz</a><a href="/readyz">/readyz</a>
<a href="/status.json">/status.json</a></nav></header>
{}<section class="card"><h2>Failures</h2>{}</section><p class="soft">As of {}</p></main>)",
        serving ? "good" : "warn", text(status, "state"), text(status, "version"), text(status, "revision"),
        text(status, "openssl"), listeners, failures(status.at("failures").as_array()), text(status, "time"));
    constexpr std::string_view place = "{{content}}";
    std::string page(status_page);
    return page.replace(page.find(place), place.size(), content);
}

} // namespace proxy
