#include "proxy/server/expiry.h"

#include "proxy/report/log.h"
#include "tls/certificate.h"

#include <algorithm>

namespace proxy {
namespace {

constexpr std::chrono::days notice{30};

} // namespace

void warn_of_expiry(const Upstream& upstream) {
    const tls::TrustAnchors& trust = upstream.context()->trust();
    const auto now = std::chrono::system_clock::now();
    const auto expired = [now](const tls::Anchor& anchor) { return anchor.not_after < now; };
    // Among others an old root does no harm: the built-in ones begin with one that has expired.
    const bool all_expired = !trust.anchors.empty() && std::ranges::all_of(trust.anchors, expired);
    for (const tls::Anchor& anchor : trust.anchors) {
        if (expired(anchor) ? all_expired : anchor.not_after < now + notice) {
            log::warn(expired(anchor) ? "trust anchor has expired" : "trust anchor expires soon",
                      {{"upstream", upstream.name()},
                       {"sslrootcert", trust.source},
                       {"subject", anchor.name},
                       {"not_after", tls::format_date(anchor.not_after)},
                       {"hint", "Add the next root to sslrootcert; for Azure, sslrootcert=azure has them all."}});
        }
    }
}

} // namespace proxy
