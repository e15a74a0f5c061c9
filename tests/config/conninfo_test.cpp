#include "config/conninfo.h"
#include "tests/config/support.h"

namespace config {
namespace {

using test::error_of;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs parse(std::string_view text) {
    Pairs pairs;
    for (const Parameter& parameter : parse_conninfo(text, "--upstream")) {
        EXPECT_EQ(parameter.place, "--upstream");
        pairs.emplace_back(parameter.keyword, parameter.value);
    }
    return pairs;
}

TEST(Conninfo, PairsAreSeparatedByBlanks) {
    const std::pair<const char*, Pairs> cases[] = {
        {"", {}},
        {" \t\n", {}},
        {"host=db", {{"host", "db"}}},
        {"  host=db\tport=5433\n", {{"host", "db"}, {"port", "5433"}}},
        {"host = db port= 5433", {{"host", "db"}, {"port", "5433"}}},
        {"host=a,b port=1,2", {{"host", "a,b"}, {"port", "1,2"}}},
        {"options=-c=x", {{"options", "-c=x"}}},
        {"host=", {{"host", ""}}},
        {"host= ", {{"host", ""}}},
        // libpq looks for the value behind the blanks, whatever it looks like.
        {"host= port=1", {{"host", "port=1"}}},
        {"host=a host=b", {{"host", "a"}, {"host", "b"}}},
        {"HOST=a nonsense=1", {{"HOST", "a"}, {"nonsense", "1"}}},
    };
    for (const auto& [text, pairs] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(parse(text), pairs);
    }
}

TEST(Conninfo, QuotesAndBackslashes) {
    const std::pair<const char*, Pairs> cases[] = {
        {"password=''", {{"password", ""}}},
        {"password='two words'", {{"password", "two words"}}},
        {R"(password='it\'s' host=a)", {{"password", "it's"}, {"host", "a"}}},
        {R"(password='a\\b')", {{"password", R"(a\b)"}}},
        {R"(password='\n')", {{"password", "n"}}},
        {R"(password=two\ words)", {{"password", "two words"}}},
        {R"(password=a\\b\'c)", {{"password", R"(a\b'c)"}}},
        {R"(password=end\)", {{"password", "end"}}},
        // A quote in the middle of a value is a letter like any other.
        {"password=it's host=a", {{"password", "it's"}, {"host", "a"}}},
        {"password = 'x'host=a", {{"password", "x"}, {"host", "a"}}},
        {"password='a'b=c", {{"password", "a"}, {"b", "c"}}},
        {"password='line\nbreak'", {{"password", "line\nbreak"}}},
    };
    for (const auto& [text, pairs] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(parse(text), pairs);
    }
}

TEST(Conninfo, ErrorsNameTheCharacter) {
    const std::string expected_pair =
        "expected keyword=value; a value with blanks needs quotes, as in options='-c geqo=off'";
    const std::string expected_conninfo = "expected host=NAME or postgresql://NAME";
    const std::string open_quote = "the quote that opens here is never closed";
    const std::pair<const char*, std::string> cases[] = {
        {"db.example.com", "--upstream: character 1: " + expected_conninfo},
        {" =x", "--upstream: character 2: " + expected_conninfo},
        {"jdbc:mysql://db/?a=b", "--upstream: character 1: " + expected_conninfo},
        {"host=a port", "--upstream: character 8: " + expected_pair},
        {"host=a =x", "--upstream: character 8: " + expected_pair},
        {"user=a password=my secret host=b", "--upstream: character 20: " + expected_pair},
        {"host=a ssl-mode=require", "--upstream: character 8: " + expected_pair},
        {"host='a", "--upstream: character 6: " + open_quote},
        {R"(host=a password='b\')", "--upstream: character 17: " + open_quote},
        {R"(host=a password='b\)", "--upstream: character 17: " + open_quote},
    };
    for (const auto& refused : cases) {
        SCOPED_TRACE(refused.first);
        EXPECT_EQ(error_of([&] { return parse_conninfo(refused.first, "--upstream"); }), refused.second);
    }
}

TEST(Conninfo, NoErrorShowsAPassword) {
    for (const char* text :
         {"password=my s3cret", "password='s3cret", "postgres:/user:s3cret@db", "postgresql://user:s3cret%zz@db",
          "postgresql://user:p@s3cret@db", "postgresql://user:s3cret/x@db", "postgresql://user:p?s3cret"}) {
        SCOPED_TRACE(text);
        const std::string message = error_of([&] { return parse_conninfo(text, "--upstream"); });
        EXPECT_THAT(message, testing::StartsWith("--upstream: "));
        EXPECT_THAT(message, testing::Not(testing::HasSubstr("s3cret")));
    }
}

} // namespace
} // namespace config
