#include "config/error.h"
#include "config/keywords.h"
#include "config/portal.h"
#include "config/upstream.h"
#include "tests/fuzz/fuzz.h"

namespace {

/// Stands for a password in the corpus.
constexpr std::string_view secret = "hunter2";

void check_message(std::string_view message) {
    fuzz::require(fuzz::is_printable(message), "a message drives no terminal");
    fuzz::require(message.find(secret) == message.npos, "a message quotes no password");
}

void check_parameter(const config::Parameter& parameter) {
    check_message(parameter.notice);
    fuzz::require(config::is_keyword(parameter.keyword), "only libpq's keywords come out");
    const bool is_session = config::find_keyword(parameter.keyword).apply == nullptr;
    fuzz::require(!is_session || parameter.value.empty(), "what concerns the session comes without its value");
    const bool is_weak = parameter.value == "require" || parameter.value == "verify-ca" ||
                         parameter.value == "prefer" || parameter.value == "allow" || parameter.value == "disable";
    fuzz::require(parameter.keyword != "sslmode" || !is_weak, "a pasted text does not weaken verification");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto parameters = config::parse_portal_string(fuzz::as_text({data, size}), "fuzz");
        if (!parameters) {
            return 0;
        }
        std::for_each(parameters->begin(), parameters->end(), check_parameter);
        try {
            const auto made = config::make_upstream(*parameters, "fuzz");
            fuzz::require(made.upstream.sslmode == config::SslMode::verify_full, "the server is verified");
        } catch (const config::Error& error) {
            fuzz::require(fuzz::is_printable(error.what()), "a message drives no terminal");
        }
    } catch (const config::Error& error) {
        check_message(error.what());
    }
    return 0;
}
