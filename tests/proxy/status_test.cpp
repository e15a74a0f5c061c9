#include "proxy/admin/status.h"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

namespace proxy {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

/// A status in which every text is `text`, with as much in it as there can be.
json::object status_of(const std::string& text) {
    json::value status = json::parse(R"({
        "version": "", "revision": "", "openssl": "", "time": "", "state": "",
        "listeners": [{
            "name": "", "addresses": ["", ""], "sessions": 3, "max_connections": 10, "connections": 7,
            "bytes_to_server": 1023, "bytes_to_app": 1572864,
            "upstream": {
                "name": "", "sslmode": "", "verification": "", "trust": "", "tls_version": "", "cipher": "",
                "seconds_since_handshake": 5,
                "chain": [{"position": "", "subject": "", "not_after": "", "days_left": 100},
                          {"position": "", "subject": "", "not_after": "", "days_left": 5},
                          {"position": "", "subject": "", "not_after": "", "days_left": -1}]
            }
        }],
        "failures": [{"time": "", "listener": "", "reason": "", "sqlstate": "", "times": 12, "message": "",
                      "detail": "", "hint": ""}]
    })");
    const auto fill = [&](const auto& self, json::value& value) -> void {
        if (value.is_string()) {
            value = text;
        } else if (value.is_array()) {
            for (json::value& element : value.get_array()) {
                self(self, element);
            }
        } else if (value.is_object()) {
            for (auto& member : value.get_object()) {
                self(self, member.value());
            }
        }
    };
    fill(fill, status);
    return status.as_object();
}

TEST(StatusPage, EscapesEverything) {
    const std::string page = to_html(status_of("<b a=\"1\" b='2'>&"));
    EXPECT_THAT(page, Not(HasSubstr("<b a=")));
    EXPECT_THAT(page, HasSubstr("&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;"));
}

TEST(StatusPage, NumbersForPeople) {
    const std::string page = to_html(status_of("x"));
    for (const char* part : {"1023 B", "1.5 MiB", "100 days left", "5 days left", "expired", "5 s ago"}) {
        EXPECT_THAT(page, HasSubstr(part));
    }
}

TEST(StatusPage, WhatIsNotKnownYet) {
    json::object status = status_of("x");
    status["failures"].as_array().clear();
    json::object& listener = status["listeners"].at(0).as_object();
    listener["max_connections"] = nullptr;
    json::object& upstream = listener["upstream"].as_object();
    upstream["chain"].as_array().clear();
    for (const char* key : {"tls_version", "cipher", "seconds_since_handshake", "trust"}) {
        upstream[key] = nullptr;
    }
    const std::string page = to_html(status);
    EXPECT_THAT(page, HasSubstr("no handshake yet"));
    EXPECT_THAT(page, HasSubstr("None since the proxy started."));
    EXPECT_THAT(page, Not(HasSubstr("null")));
}

TEST(StatusPage, IsWhole) {
    const std::string page = to_html(status_of("x"));
    EXPECT_THAT(page, testing::StartsWith("<!DOCTYPE html>"));
    EXPECT_THAT(page, testing::EndsWith("</html>\n"));
    EXPECT_THAT(page, Not(HasSubstr("{{")));
}

} // namespace
} // namespace proxy
