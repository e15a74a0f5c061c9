#include "proxy/commands/cli.h"

#include "config/address.h"
#include "config/error.h"
#include "config/load.h"
#include "config/print.h"
#include "proxy/commands/check.h"
#include "proxy/commands/healthcheck.h"
#include "proxy/commands/roots.h"
#include "proxy/commands/run.h"
#include "proxy/version.h"
#include "tls/error.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace proxy {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

constexpr const char* description =
    "A sidecar that speaks TLS to PostgreSQL for applications that cannot.\n"
    "It listens on loopback or a Unix socket and verifies the server like libpq's sslmode=verify-full.";

constexpr const char* example = "Example:\n"
                                "  pg-tls-proxy --listen 127.0.0.1:5432 --upstream "
                                "'host=mydemoserver.postgres.database.azure.com sslmode=verify-full'\n"
                                "Then let the application connect to 127.0.0.1:5432.";

void add_settings(CLI::App& command, config::Overrides& flags) {
    command.add_option("--config", flags.config, "TOML file to read")->type_name("FILE");
    command
        .add_option("--listen", flags.listen, "Where apps connect: 127.0.0.1:5432, [::1]:5432, unix:/path; repeatable")
        ->type_name("ADDRESS")
        ->take_all();
    command.add_flag("--allow-remote-clients", flags.allow_remote_clients,
                     "Listen where other machines can connect, too: what apps send is plaintext");
    command
        .add_option("--upstream", flags.upstream,
                    "The server, as a libpq connection string: 'host=... sslrootcert=...'")
        ->type_name("CONNINFO");
    command.add_option("--admin", flags.admin, "Where metrics and health are served, or off [127.0.0.1:9432]")
        ->type_name("ADDRESS");
    command.add_option("--log-level", flags.log_level, "debug, info, warn or error [info]")->type_name("LEVEL");
    command.add_option("--log-format", flags.log_format, "text or json [text]")->type_name("FORMAT");
    command
        .add_option("--warm", flags.warm,
                    "How many connections each listener may hold ready, TLS and all, for apps that come often; "
                    "0: none [8]")
        ->type_name("N");
    command
        .add_option("--ready-probe", flags.ready_probe,
                    "The oldest handshake that /readyz accepts before it makes its own; 0 never dials [60s]")
        ->type_name("DURATION");
}

void print_config(const config::Overrides& flags) {
    const config::Loaded loaded = config::load(flags, config::process_environment);
    for (const std::string& notice : loaded.notices) {
        std::cerr << "pg-tls-proxy: " << notice << '\n';
    }
    std::cout << config::to_toml(loaded.settings);
}

std::string version_text() {
    return "pg-tls-proxy " + std::string(version) + " (" + std::string(revision) + ", OpenSSL " + openssl_version() +
           ")";
}

void add_run(CLI::App& app, config::Overrides& flags) {
    add_settings(app, flags);
    app.callback([&app, &flags] {
        if (app.get_subcommands().empty()) {
            run_proxy(flags);
        }
    });
    CLI::App* run = app.add_subcommand("run", "Serve (the default)");
    add_settings(*run, flags);
    run->callback([&flags] { run_proxy(flags); });
}

void add_check(CLI::App& app, config::Overrides& flags, CheckOptions& options) {
    CLI::App* command = app.add_subcommand(
        "check", "Connect once and explain it: exit code 0 only if an application would get through");
    add_settings(*command, flags);
    command->add_flag("--json", options.json, "Print a JSON document");
    command->add_flag("--probe-enforcement", options.probe_enforcement,
                      "Also send a startup packet in clear, with no password, to see whether the server refuses it");
    command->callback([&flags, &options] {
        if (!run_check(flags, options)) {
            throw CLI::RuntimeError(exit_failed);
        }
    });
}

void add_config(CLI::App& app, config::Overrides& flags) {
    CLI::App* command = app.add_subcommand("config", "Print the effective configuration as TOML, after validation");
    add_settings(*command, flags);
    command->callback([&flags] { print_config(flags); });
}

struct HealthcheckFlags {
    std::string admin;
    unsigned wait_seconds = 0;
};

void check_health(const HealthcheckFlags& flags) {
    const auto address = config::parse_admin_address(flags.admin);
    if (!address) {
        throw config::Error("--admin", "there is nothing to ask where the admin server is off");
    }
    const std::string obstacle = ask_readiness(*address, std::chrono::seconds(flags.wait_seconds));
    if (!obstacle.empty()) {
        throw std::runtime_error(obstacle);
    }
}

void add_healthcheck(CLI::App& app, HealthcheckFlags& flags) {
    CLI::App* command = app.add_subcommand("healthcheck", "Ask a running proxy whether it is ready: exit code 0 or 1");
    flags.admin = config::to_string(*config::Admin().listen);
    command->add_option("--admin", flags.admin, "Its admin address")
        ->type_name("ADDRESS")
        ->envname("PG_TLS_PROXY_ADMIN")
        ->capture_default_str();
    command->add_option("--wait", flags.wait_seconds, "Ask again for so long")->type_name("SECONDS");
    command->callback([&flags] { check_health(flags); });
}

void add_roots(CLI::App& app, std::string& argument) {
    CLI::App* roots = app.add_subcommand("roots", "The built-in trust anchors");
    roots->require_subcommand(0, 1);
    roots->callback([roots] {
        if (roots->get_subcommands().empty()) {
            list_roots();
        }
    });
    roots->add_subcommand("list", "Name, expiry and fingerprint of each (the default)")->callback(list_roots);
    CLI::App* show = roots->add_subcommand("show", "Print one of them");
    show->add_option("NAME", argument, "As `roots list` shows it")->required();
    show->callback([&argument] { show_root(argument); });
    CLI::App* export_all = roots->add_subcommand("export", "Write all of them to a PEM file");
    export_all->add_option("FILE", argument, "The file to write, or - for standard output")->required();
    export_all->callback([&argument] { export_roots(argument); });
}

int complain(const std::exception& error, int exit_code) {
    std::cerr << "pg-tls-proxy: " << error.what() << '\n';
    return exit_code;
}

} // namespace

int run_command_line(int argc, char** argv) {
    CLI::App app(description, "pg-tls-proxy");
    app.set_version_flag("--version", version_text());
    app.footer(example);
    app.require_subcommand(0, 1);
    config::Overrides flags;
    CheckOptions check;
    HealthcheckFlags healthcheck;
    std::string argument;
    add_run(app, flags);
    add_check(app, flags, check);
    add_config(app, flags);
    add_healthcheck(app, healthcheck);
    add_roots(app, argument);
    try {
        app.parse(argc, argv); // runs the command too
    } catch (const CLI::RuntimeError& error) {
        return error.get_exit_code();
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    } catch (const config::Error& error) {
        return complain(error, exit_usage);
    } catch (const tls::Error& error) {
        return complain(error, exit_usage);
    } catch (const std::exception& error) {
        return complain(error, exit_failed);
    }
    return 0;
}

} // namespace proxy
