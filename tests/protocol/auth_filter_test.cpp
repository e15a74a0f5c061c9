#include "protocol/auth_filter.h"
#include "tests/protocol/wire.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace protocol {
namespace {

using namespace wire;
using Status = AuthFilter::Status;

const Buffer behind_ok = join(parameter_status, sasl_offer({"A-PLUS"}), ready_for_query);

struct Outcome {
    Status status = Status::running;
    Buffer output;
    std::size_t consumed = 0;
};

/// Feeds the pieces to a new filter until it is finished.
Outcome filter(const std::vector<Bytes>& pieces) {
    AuthFilter filter;
    Outcome outcome;
    for (const Bytes piece : pieces) {
        const auto progress = filter.feed(piece, outcome.output);
        outcome.status = progress.status;
        outcome.consumed += progress.consumed;
        if (outcome.status != Status::running) {
            break;
        }
    }
    return outcome;
}

void expect_outcome(const Buffer& input, const Outcome& expected) {
    SCOPED_TRACE(testing::PrintToString(input));
    for_each_split(input, [&](const std::vector<Bytes>& pieces) {
        const Outcome outcome = filter(pieces);
        EXPECT_EQ(outcome.status, expected.status);
        EXPECT_EQ(outcome.output, expected.output);
        EXPECT_EQ(outcome.consumed, expected.consumed);
    });
}

/// `input` comes out as `output`, on its own and in front of AuthenticationOk.
void expect_through(const Buffer& input, const Buffer& output) {
    expect_outcome(input, {Status::running, output, input.size()});
    expect_outcome(join(input, ok, behind_ok), {Status::done, join(output, ok), input.size() + ok.size()});
}

/// The filter ends in `status`, and only what stood before the message that ended it is in the output.
void expect_refused(const Buffer& refused, Status status) {
    SCOPED_TRACE(testing::PrintToString(refused));
    for (const Buffer& before : {Buffer{}, join(notice, sasl_offer({"A"}))}) {
        for_each_split(join(before, refused, ok), [&](const std::vector<Bytes>& pieces) {
            const Outcome outcome = filter(pieces);
            EXPECT_EQ(outcome.status, status);
            EXPECT_EQ(outcome.output, before);
        });
    }
}

void expect_offer(const std::vector<std::string>& from_server, const std::vector<std::string>& to_app) {
    expect_through(sasl_offer(from_server), sasl_offer(to_app));
}

TEST(AuthFilter, TakesChannelBindingOutOfAnOffer) {
    expect_offer({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}, {"SCRAM-SHA-256"});
    expect_offer({"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}, {"SCRAM-SHA-256"});
    expect_offer({"OAUTHBEARER", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}, {"OAUTHBEARER", "SCRAM-SHA-256"});
    expect_offer({"A-PLUS", "A", "B-PLUS", "C-PLUS", "B", "D", "E-PLUS"}, {"A", "B", "D"});
}

TEST(AuthFilter, LeavesAnOfferWithoutChannelBindingAsItIs) {
    expect_offer({"SCRAM-SHA-256"}, {"SCRAM-SHA-256"});
    expect_offer({"D", "B", "SURPLUS", "A", "B"}, {"D", "B", "SURPLUS", "A", "B"});
}

TEST(AuthFilter, RefusesAnOfferOfChannelBindingAlone) {
    expect_refused(sasl_offer({"SCRAM-SHA-256-PLUS"}), Status::channel_binding_only);
    expect_refused(sasl_offer({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"}), Status::channel_binding_only);
}

TEST(AuthFilter, PassesAllElseByteForByte) {
    const Buffer like_an_offer = authentication(0x0a00000a, mechanism_list({"A-PLUS", "A"}));
    const Buffer empty = message('E', {});
    for (const Buffer& passed :
         {negotiate_protocol_version, notice, error, kerberos_v5, cleartext_password, md5_password, gss, gss_continue,
          sspi, sasl_continue, sasl_final, like_an_offer, empty}) {
        expect_through(passed, passed);
    }
}

TEST(AuthFilter, StopsBehindAuthenticationOk) {
    expect_outcome(join(ok, behind_ok), {Status::done, ok, ok.size()});
    expect_outcome(join(ok, ok), {Status::done, ok, ok.size()});
}

TEST(AuthFilter, CarriesAWholeScramSession) {
    expect_through(join(negotiate_protocol_version, notice, sasl_offer({"A-PLUS", "A"}), sasl_continue, sasl_final),
                   join(negotiate_protocol_version, notice, sasl_offer({"A"}), sasl_continue, sasl_final));
}

TEST(AuthFilter, FiltersEveryOffer) {
    const Buffer offer = sasl_offer({"A-PLUS", "A"});
    expect_through(join(offer, offer), join(sasl_offer({"A"}), sasl_offer({"A"})));
}

TEST(AuthFilter, RefusesAMalformedOffer) {
    for (const std::string_view list :
         {""sv, "\0"sv, "A"sv, "A\0"sv, "A-PLUS\0A"sv, "A\0\0\0"sv, "A-PLUS\0\0B"sv, "\0A\0"sv}) {
        expect_refused(authentication(10, text(list)), Status::malformed);
    }
}

TEST(AuthFilter, RefusesAuthenticationOkWithABody) {
    expect_refused(authentication(0, hex("00")), Status::malformed);
}

TEST(AuthFilter, RefusesImpossibleLengths) {
    for (const std::uint32_t length : {0U, 3U, 65'537U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
        expect_refused(header('E', length), Status::malformed);
        expect_refused(header('R', length), Status::malformed);
    }
    for (const std::uint32_t length : {4U, 5U, 7U}) {
        expect_refused(header('R', length), Status::malformed);
    }
}

TEST(AuthFilter, TakesLongMessages) {
    for (const std::size_t length : {10'001U, 65'536U}) {
        std::vector<std::string> names(300, "MECHANISM");
        names.emplace_back(length - 3'029, 'X'); // makes the offer exactly as long
        const Buffer to_app = sasl_offer(names);
        names.insert(names.begin() + 150, "SCRAM-SHA-256-PLUS");
        const Buffer offer = sasl_offer(names);
        ASSERT_EQ(offer.size(), 1 + length);
        const Buffer long_notice = message('N', Buffer(length - 4, 'n'));
        const Buffer long_token = authentication(8, Buffer(length - 8, 'g'));
        const Buffer input = join(long_notice, offer, long_token, ok);
        for (const std::size_t size : {std::size_t{1}, std::size_t{1'000}, std::size_t{16'384}, input.size()}) {
            SCOPED_TRACE("pieces of " + std::to_string(size));
            const Outcome outcome = filter(pieces_of(input, size));
            EXPECT_EQ(outcome.status, Status::done);
            EXPECT_TRUE(outcome.output == join(long_notice, to_app, long_token, ok));
            EXPECT_EQ(outcome.consumed, input.size());
        }
    }
}

TEST(AuthFilter, HoldsNoMessageBackThatItWillNotChange) {
    const Buffer begin = join(header('E', 60'000), "SFATAL\0"sv);
    AuthFilter filter;
    Buffer output;
    filter.feed(begin, output);
    EXPECT_EQ(output, begin);
}

TEST(AuthFilter, KnowsWhereItsOutputEnds) {
    const Buffer input = join(notice, sasl_offer({"A-PLUS", "A"}), cleartext_password, error, ok);
    const std::array messages = {notice, sasl_offer({"A"}), cleartext_password, error, ok}; // of the output
    for_each_split(input, [&](const std::vector<Bytes>& pieces) {
        AuthFilter filter;
        Buffer output;
        EXPECT_TRUE(filter.at_boundary());
        EXPECT_EQ(filter.last_tag(), 0);
        for (const Bytes piece : pieces) {
            filter.feed(piece, output);
            std::size_t end = 0;
            char tag = 0;
            for (auto whole = messages.begin(); end < output.size(); ++whole) {
                end += whole->size();
                tag = static_cast<char>(whole->front());
            }
            EXPECT_EQ(filter.at_boundary(), output.size() == end);
            EXPECT_EQ(filter.last_tag(), tag);
        }
    });
}

} // namespace
} // namespace protocol
