#include "proxy/upstream/endpoints.h"

#include <gmock/gmock.h>

namespace proxy {
namespace {

Endpoints parse(const std::vector<const char*>& addresses) {
    Endpoints endpoints;
    for (const char* address : addresses) {
        endpoints.emplace_back(boost::asio::ip::make_address(address), 5432);
    }
    return endpoints;
}

TEST(Endpoints, FamiliesTakeTurnsFromThatOfTheFirst) {
    EXPECT_EQ(interleave(parse({"::1", "::2", "::3", "10.0.0.1", "10.0.0.2"})),
              parse({"::1", "10.0.0.1", "::2", "10.0.0.2", "::3"}));
    EXPECT_EQ(interleave(parse({"10.0.0.1", "::1", "::2", "::3"})), parse({"10.0.0.1", "::1", "::2", "::3"}));
    EXPECT_EQ(interleave(parse({"10.0.0.2", "10.0.0.1", "::1"})), parse({"10.0.0.2", "::1", "10.0.0.1"}));
}

TEST(Endpoints, OneFamilyKeepsItsOrder) {
    EXPECT_EQ(interleave(parse({"10.0.0.3", "10.0.0.1", "10.0.0.2"})), parse({"10.0.0.3", "10.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(interleave({}), Endpoints());
}

TEST(Endpoints, AListIsForPeople) {
    EXPECT_EQ(join(parse({"10.0.0.4", "2001:db8::4"})), "10.0.0.4:5432, [2001:db8::4]:5432");
    EXPECT_EQ(join({}), "");
}

} // namespace
} // namespace proxy
