#include "config/nearest.h"

#include <gmock/gmock.h>

#include <array>

namespace config {
namespace {

constexpr std::array<std::string_view, 5> keys = {"listen", "ready_probe", "host", "port", "sslmode"};

TEST(Nearest, FindsWhatAnEditAway) {
    const std::pair<const char*, const char*> cases[] = {
        {"lisen", "listen"},
        {"listenn", "listen"},
        {"lixten", "listen"},
        {"ilsten", "listen"},
        {"prot", "port"},
        {"hst", "host"},
        {"SSLMode", "sslmode"},
        {"ready-probe", "ready_probe"},
        {"readyprobes", "ready_probe"},
        {"host", "host"},
    };
    for (const auto& [word, key] : cases) {
        SCOPED_TRACE(word);
        EXPECT_EQ(nearest(word, keys), key);
    }
}

TEST(Nearest, GuessesNothingFromAfar) {
    for (const char* word : {"", "x", "server", "hs", "password", "listening_on"}) {
        SCOPED_TRACE(word);
        EXPECT_EQ(nearest(word, keys), "");
    }
    EXPECT_EQ(nearest("host", {}), "");
}

TEST(Nearest, TheFirstOfTwoEquallyNear) {
    constexpr std::array<std::string_view, 2> twins = {"sslcert", "sslcrt"};
    EXPECT_EQ(nearest("sslcet", twins), "sslcert");
}

TEST(Nearest, EndsAnErrorMessage) {
    EXPECT_EQ(did_you_mean("prot", keys), "; did you mean \"port\"?");
    EXPECT_EQ(did_you_mean("xyz", keys), "");
}

} // namespace
} // namespace config
