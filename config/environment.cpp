#include "config/environment.h"

#include <array>
#include <cstdlib>

namespace config {
namespace {

struct Variable {
    const char* name;
    const char* keyword;
};

constexpr std::array libpq_variables = {
    Variable{"PGHOST", "host"},
    Variable{"PGHOSTADDR", "hostaddr"},
    Variable{"PGPORT", "port"},
    Variable{"PGSSLMODE", "sslmode"},
    Variable{"PGSSLNEGOTIATION", "sslnegotiation"},
    Variable{"PGSSLROOTCERT", "sslrootcert"},
    Variable{"PGSSLCRL", "sslcrl"},
    Variable{"PGSSLCRLDIR", "sslcrldir"},
    Variable{"PGSSLCERT", "sslcert"},
    Variable{"PGSSLKEY", "sslkey"},
    Variable{"PGSSLSNI", "sslsni"},
    Variable{"PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"},
    Variable{"PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"},
    Variable{"PGCONNECT_TIMEOUT", "connect_timeout"},
    Variable{"PGLOADBALANCEHOSTS", "load_balance_hosts"},
};

} // namespace

std::optional<std::string> process_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<std::string> find_variable(const Environment& environment, const char* name) {
    std::optional<std::string> value = environment(name);
    return value && !value->empty() ? value : std::nullopt;
}

std::vector<Parameter> read_libpq_variables(const Environment& environment) {
    std::vector<Parameter> parameters;
    for (const Variable& variable : libpq_variables) {
        if (std::optional<std::string> value = find_variable(environment, variable.name)) {
            parameters.push_back({variable.keyword, std::move(*value), variable.name});
        }
    }
    return parameters;
}

} // namespace config
