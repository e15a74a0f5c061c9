#include "protocol/error_response.h"
#include "tests/protocol/wire.h"

#include <gtest/gtest.h>

#include <string>

namespace protocol {
namespace {

using namespace wire;

TEST(ErrorResponse, CarriesAllFields) {
    const FatalError error{
        .sqlstate = "08001", .message = "no TLS", .detail = "the server answered N", .hint = "turn it on"};
    EXPECT_EQ(encode_error_response(error),
              message('E', text("SFATAL\0VFATAL\0C08001\0Mno TLS\0Dthe server answered N\0Hturn it on\0\0"sv)));
}

TEST(ErrorResponse, LeavesOutAnEmptyDetailAndHint) {
    EXPECT_EQ(encode_error_response({.sqlstate = "57P03", .message = "shutting down", .detail = "", .hint = ""}),
              message('E', text("SFATAL\0VFATAL\0C57P03\0Mshutting down\0\0"sv)));
    EXPECT_EQ(encode_error_response({.sqlstate = "57P03", .message = "shutting down", .detail = "", .hint = "wait"}),
              message('E', text("SFATAL\0VFATAL\0C57P03\0Mshutting down\0Hwait\0\0"sv)));
    EXPECT_EQ(encode_error_response({.sqlstate = "57P03", .message = "shutting down", .detail = "soon", .hint = ""}),
              message('E', text("SFATAL\0VFATAL\0C57P03\0Mshutting down\0Dsoon\0\0"sv)));
}

TEST(ErrorResponse, IsNotCutShortByAZeroByteInAField) {
    // A name from a hostile certificate: the zero must not let it forge the fields behind it.
    EXPECT_EQ(encode_error_response(
                  {.sqlstate = "08001", .message = "name \"db\0Hforged\""sv, .detail = "\0"sv, .hint = "real"}),
              message('E', text("SFATAL\0VFATAL\0C08001\0Mname \"dbHforged\"\0D\0Hreal\0\0"sv)));
}

TEST(ErrorResponse, CarriesALongDetail) {
    const std::string detail(100'000, 'x');
    EXPECT_EQ(encode_error_response({.sqlstate = "08001", .message = "m", .detail = detail, .hint = ""}),
              message('E', join("SFATAL\0VFATAL\0C08001\0Mm\0D"sv, detail, "\0\0"sv)));
}

} // namespace
} // namespace protocol
