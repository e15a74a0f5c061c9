#include "protocol/authentication.h"
#include "tests/protocol/wire.h"

#include <gmock/gmock.h>

#include <string>

namespace protocol {
namespace {

using namespace wire;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(SaslMechanisms, AreDecodedInTheOrderOfTheServer) {
    EXPECT_THAT(decode_sasl_mechanisms(text("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"sv)),
                Optional(ElementsAre("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")));
    EXPECT_THAT(decode_sasl_mechanisms(text("OAUTHBEARER\0\0"sv)), Optional(ElementsAre("OAUTHBEARER")));
    EXPECT_THAT(decode_sasl_mechanisms(text("\0"sv)), Optional(IsEmpty()));
}

TEST(SaslMechanisms, AreViewsIntoTheList) {
    const Buffer list = mechanism_list({"A", "B"});
    const auto names = decode_sasl_mechanisms(list);
    ASSERT_THAT(names, Optional(ElementsAre("A", "B")));
    EXPECT_EQ(static_cast<const void*>(names->at(1).data()), list.data() + 2);
}

TEST(SaslMechanisms, AreRefusedWithoutTheirTerminators) {
    EXPECT_EQ(decode_sasl_mechanisms({}), std::nullopt);
    EXPECT_EQ(decode_sasl_mechanisms(text("SCRAM-SHA-256")), std::nullopt) << "the name is not terminated";
    EXPECT_EQ(decode_sasl_mechanisms(text("SCRAM-SHA-256\0"sv)), std::nullopt) << "the list is not terminated";
    EXPECT_EQ(decode_sasl_mechanisms(text("A\0SCRAM"sv)), std::nullopt) << "the second name is not terminated";
}

TEST(SaslMechanisms, AreRefusedWithBytesBehindTheList) {
    EXPECT_EQ(decode_sasl_mechanisms(text("A\0\0\0"sv)), std::nullopt);
    EXPECT_EQ(decode_sasl_mechanisms(text("A\0\0B\0\0"sv)), std::nullopt);
    EXPECT_EQ(decode_sasl_mechanisms(text("\0\0"sv)), std::nullopt);
}

TEST(SaslMechanisms, AreRefusedWhenCutShortAnywhere) {
    const Buffer list = mechanism_list({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "OAUTHBEARER"});
    ASSERT_TRUE(decode_sasl_mechanisms(list));
    for (std::size_t size = 0; size < list.size(); ++size) {
        EXPECT_EQ(decode_sasl_mechanisms(Bytes(list).first(size)), std::nullopt) << size << " bytes";
    }
}

TEST(AuthenticationSasl, IsEncodedAsTheServerSendsIt) {
    // Captured from PostgreSQL 15 on a plaintext connection.
    EXPECT_EQ(encode_authentication_sasl({"SCRAM-SHA-256"}),
              hex("52 00000017 0000000a 53 43 52 41 4d 2d 53 48 41 2d 32 35 36 00 00"));
    EXPECT_EQ(encode_authentication_sasl({"SCRAM-SHA-256", "OAUTHBEARER"}),
              sasl_offer({"SCRAM-SHA-256", "OAUTHBEARER"}));
}

TEST(BindsChannel, IsTrueOfNamesThatEndInPlus) {
    EXPECT_TRUE(binds_channel("SCRAM-SHA-256-PLUS"));
    EXPECT_TRUE(binds_channel("SCRAM-SHA-512-PLUS"));
    EXPECT_TRUE(binds_channel("GS2-KRB5-PLUS"));
}

TEST(BindsChannel, IsFalseOfAllOthers) {
    for (const std::string_view name :
         {"SCRAM-SHA-256", "OAUTHBEARER", "SCRAM-SHA-256-PLUS-X", "SURPLUS", "PLUS", ""}) {
        EXPECT_FALSE(binds_channel(name)) << name;
    }
}

} // namespace
} // namespace protocol
