#include "tls/trust.h"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace tls {
namespace {

using testing::UnorderedElementsAre;

TEST(BuiltInRoots, AreThoseOfAzure) {
    const TrustAnchors trust = load_anchors("azure");
    EXPECT_EQ(trust.source, "azure");
    std::vector<std::pair<std::string, std::string>> found;
    for (const Anchor& anchor : trust.anchors) {
        found.emplace_back(anchor.name, anchor.fingerprint);
    }
    // As their owners publish them: digicert.com/kb/digicert-root-certificates.htm, microsoft.com/pkiops/docs.
    EXPECT_THAT(
        found,
        UnorderedElementsAre(
            std::pair("Baltimore CyberTrust Root", "16AF57A9F676B0AB126095AA5EBADEF22AB31119D644AC95CD4B93DBF3F26AEB"),
            std::pair("DigiCert Global Root CA", "4348A0E9444C78CB265E058D5E8944B4D84F9662BD26DB257F8934A443C70161"),
            std::pair("DigiCert Global Root G2", "CB3CCBB76031E5E0138F8DD39A23F9DE47FFC35E43C1144CEA27D46A5AB1CB5F"),
            std::pair("Microsoft RSA Root Certificate Authority 2017",
                      "C741F70F4B2A8D88BF2E71C14122EF53EF10EBA0CFA5E64CFA20F418853073E0"),
            std::pair("Microsoft ECC Root Certificate Authority 2017",
                      "358DF39D764AF9E1B766E9C972DF352EE15CFAC227AF6AD1D70E8E4A6EDCBA02")));
}

TEST(BuiltInRoots, AreBaltimoreAloneOnRequest) {
    const TrustAnchors trust = load_anchors("baltimore");
    EXPECT_EQ(trust.source, "baltimore");
    ASSERT_EQ(trust.anchors.size(), 1U);
    EXPECT_EQ(trust.anchors.front().name, "Baltimore CyberTrust Root");
    using namespace std::chrono;
    EXPECT_EQ(trust.anchors.front().not_after, sys_days(2025y / May / 12) + 23h + 59min);
}

} // namespace
} // namespace tls
