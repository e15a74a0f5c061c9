#include "proxy/report/failure.h"

#include <gtest/gtest.h>

#include <string>

namespace proxy {
namespace {

/// What libpq takes of an error before the login.
constexpr std::size_t max_response = 30'000;

TEST(ErrorResponse, IsNeverMoreThanLibpqTakes) {
    const std::string flood(50'000, 'x');
    const auto response = to_error_response({Reason::certificate, flood, flood, flood}, 42);
    EXPECT_LT(response.size(), max_response);
    const std::string text(response.begin(), response.end());
    EXPECT_NE(text.find("xxx…"), std::string::npos);
    EXPECT_NE(text.find("connection 42 in the proxy's log"), std::string::npos);
}

} // namespace
} // namespace proxy
