#include "protocol/bytes.h"
#include "tests/protocol/wire.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace protocol {
namespace {

using namespace wire;

TEST(Reader, ReadsBigEndianValuesInOrder) {
    const Buffer bytes = hex("000004d2 80000001 00");
    Reader reader(bytes);
    EXPECT_EQ(reader.u32(), 1234U);
    EXPECT_EQ(reader.u32(), 0x80000001U);
    EXPECT_TRUE(reader.ok());
    EXPECT_FALSE(reader.empty());
    EXPECT_EQ(reader.cstring(), "");
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.empty());
}

TEST(Reader, ReadsStringsWithoutTheirTerminators) {
    const Buffer bytes = text("user\0\0\xff\0"sv);
    Reader reader(bytes);
    EXPECT_EQ(reader.cstring(), "user");
    EXPECT_EQ(reader.cstring(), "");
    EXPECT_EQ(reader.cstring(), "\xff");
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.empty());
}

TEST(Reader, GivesNothingFromAnEmptyBuffer) {
    EXPECT_TRUE(Reader({}).ok());
    EXPECT_TRUE(Reader({}).empty());
    Reader reader({});
    EXPECT_EQ(reader.cstring(), "");
    EXPECT_FALSE(reader.ok());
}

TEST(Reader, FailsOnAFieldThatIsCutShort) {
    const Buffer bytes = hex("ffffff");
    EXPECT_EQ(Reader(Bytes(bytes).first(1)).u32(), 0U);
    EXPECT_EQ(Reader(bytes).u32(), 0U);
    EXPECT_EQ(Reader(bytes).cstring(), "");

    Reader number(bytes);
    number.u32();
    EXPECT_FALSE(number.ok());
    Reader string(bytes);
    string.cstring();
    EXPECT_FALSE(string.ok());
}

TEST(Reader, StaysFailed) {
    const Buffer bytes = hex("010203");
    Reader reader(bytes);
    reader.u32();
    EXPECT_EQ(reader.u32(), 0U) << "there were two bytes, but behind a failure nothing may be read";
    EXPECT_FALSE(reader.ok());
    EXPECT_TRUE(reader.empty());
}

TEST(Writer, WritesAHeaderForAnEmptyBody) {
    EXPECT_EQ(Writer('S').finish(), hex("53 00000004"));
}

TEST(Writer, CountsTheLengthWithoutTheTag) {
    Writer writer('R');
    writer.u32(0x01020304).byte('p').cstring("ab");
    EXPECT_EQ(std::move(writer).finish(), hex("52 0000000c 01020304 70 616200"));
}

TEST(Writer, FillsInALengthOfSeveralBytes) {
    const std::string longer(70'000, 'x');
    Writer writer('D');
    writer.cstring(longer);
    EXPECT_EQ(std::move(writer).finish(), join(hex("44 00011175"), longer, "\0"sv));
}

TEST(Writer, LeavesOutZeroBytesInsideAString) {
    Writer writer('E');
    writer.cstring("\0a\0\0b\0"sv);
    EXPECT_EQ(std::move(writer).finish(), message('E', text("ab\0"sv)));
}

} // namespace
} // namespace protocol
