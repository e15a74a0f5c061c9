"""Settings from file, environment and flags; what is wrong is named with its place before anything is opened."""

import subprocess
import tomllib

import pytest

from support.process import DEADLINE
from support.proxy import BINARY, environment

LISTENER = '[[listener]]\nname = "main"\naddress = "127.0.0.1:0"\nupstream = {{ host = "{host}" }}\n'


@pytest.fixture
def run(tmp_path):
    """Run a subcommand to its end."""

    def run(*arguments, **variables):
        return subprocess.run(
            [BINARY, *arguments],
            env=environment(tmp_path, **variables),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    return run


@pytest.fixture
def effective(run):
    """What `config` prints, parsed: the configuration after validation."""

    def effective(*arguments, **variables):
        result = run("config", *arguments, **variables)
        assert result.returncode == 0, result.stderr
        return tomllib.loads(result.stdout)

    return effective


@pytest.fixture
def write(tmp_path):
    """A configuration file with this text."""

    def write(text):
        path = tmp_path / "proxy.toml"
        path.write_text(text)
        return path

    return write


def host(settings):
    return settings["listener"][0]["upstream"]["host"]


def test_flags_win_over_environment_over_file_over_defaults(effective, write):
    """One setting given in more places each time; the strongest is seen."""
    file = write(LISTENER.format(host="from-file"))
    assert host(effective("--config", file)) == "from-file"
    assert host(effective("--config", file, PGHOST="from-libpq")) == "from-libpq"
    variables = {"PGHOST": "from-libpq", "PG_TLS_PROXY_UPSTREAM": "host=from-environment"}
    assert host(effective("--config", file, **variables)) == "from-environment"
    assert host(effective("--config", file, "--upstream", "host=from-flag", **variables)) == "from-flag"


def test_defaults(effective):
    settings = effective("--upstream", "host=db.example.com")
    upstream = settings["listener"][0]["upstream"]
    assert upstream["sslmode"] == "verify-full"
    assert upstream["port"] == 5432
    assert upstream["ssl_min_protocol_version"] == "TLSv1.2"
    assert settings["admin"]["listen"] == "127.0.0.1:9432"
    assert settings["log"] == {"level": "info", "format": "text", "max_repeats": 10}
    assert settings["limits"]["max_connections"] == 1000
    assert settings["limits"]["startup_timeout"] == "10s"
    assert settings["limits"]["drain_timeout"] == "30s"


def test_what_config_prints_is_a_configuration(effective, run, write):
    """Read back, it gives itself."""
    first = run("config", "--upstream", "postgresql://db.example.com:6432/?connect_timeout=7", "--listen", "[::1]:5433")
    again = run("config", "--config", write(first.stdout))
    assert again.stdout == first.stdout and first.stdout, again.stderr


def test_environment_of_libpq(effective):
    settings = effective(
        PGHOST="db.example.com", PGPORT="6432", PGSSLMODE="verify-ca", PGSSLROOTCERT="azure", PGCONNECT_TIMEOUT="7"
    )
    upstream = settings["listener"][0]["upstream"]
    assert (upstream["host"], upstream["port"], upstream["sslmode"]) == ("db.example.com", 6432, "verify-ca")
    assert upstream["sslrootcert"] == "azure"
    assert upstream["connect_timeout"] in (7, "7s")


def test_environment_of_the_proxy(effective, write):
    settings = effective(
        PG_TLS_PROXY_CONFIG=str(write(LISTENER.format(host="from-file"))),
        PG_TLS_PROXY_LISTEN="127.0.0.1:6000",
        PG_TLS_PROXY_ADMIN="127.0.0.1:6001",
        PG_TLS_PROXY_LOG_LEVEL="warn",
        PG_TLS_PROXY_LOG_FORMAT="json",
    )
    assert host(settings) == "from-file"
    assert settings["listener"][0]["address"] in ("127.0.0.1:6000", ["127.0.0.1:6000"])
    assert settings["admin"]["listen"] == "127.0.0.1:6001"
    assert settings["log"]["level"] == "warn" and settings["log"]["format"] == "json"


@pytest.mark.parametrize(
    "text, place, words",
    [
        pytest.param("[limits]\nmax_conections = 5\n", "2:1", ["max_conections", "max_connections"], id="unknown key"),
        pytest.param("[limit]\n", "1:2", ["limit", "limits"], id="unknown table"),
        pytest.param('[limits]\nmax_connections = "many"\n', "2:19", ["max_connections"], id="wrong type"),
        pytest.param('[limits]\nstartup_timeout = "10 parsecs"\n', "2:19", ["startup_timeout"], id="wrong unit"),
        pytest.param('[log]\nlevel = "loud"\n', "2:9", ["level", "loud"], id="wrong value"),
        pytest.param("[log\n", "1:5", [], id="no TOML"),
        pytest.param(
            '[[listener]]\nupstream = { host = "db", sslmod = "require" }\n', "2:27", ["sslmod", "sslmode"], id="nested"
        ),
        pytest.param(
            '[[listener]]\nupstream = { host = "db", sslmode = "prefer" }\n', "2:37", ["prefer"], id="sslmode refused"
        ),
        pytest.param('[[listener]]\naddress = "localhost"\n', "2:11", ["address", "localhost"], id="address"),
    ],
)
def test_an_error_in_the_file_names_its_place(run, write, text, place, words):
    file = write(text)
    result = run("run", "--config", file)
    assert result.returncode == 2
    assert f"{file}:{place}" in result.stderr
    for word in words:
        assert word in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments, words",
    [
        pytest.param(["--upstream", "host=db sslmode=prefer"], ["sslmode", "prefer", "verify-full"], id="prefer"),
        pytest.param(["--upstream", "host=db sslmode=allow"], ["sslmode", "allow"], id="allow"),
        pytest.param(["--upstream", "host=db sslmode=disable"], ["sslmode", "disable"], id="disable"),
        pytest.param(["--upstream", "host=db sslmode=verify-all"], ["verify-all", "verify-full"], id="verify-all"),
        pytest.param(["--upstream", "host=db conect_timeout=1"], ["conect_timeout", "connect_timeout"], id="keyword"),
        pytest.param(["--upstream", "host=db port=0"], ["port"], id="port"),
        pytest.param(["--upstream", "host='db"], ["quote"], id="quote"),
        pytest.param(["--upstream", "hostaddr=127.0.0.1"], ["verify-full", "host"], id="hostaddr without host"),
        pytest.param(["--upstream", "host=db sslrootcert=/nonexistent"], ["/nonexistent"], id="no root file"),
        pytest.param(["--upstream", "host=db sslcrl=/nonexistent"], ["/nonexistent"], id="no CRL file"),
        pytest.param(["--upstream", "host=db", "--listen", "here"], ["here"], id="listen"),
        pytest.param(["--upstream", "host=db", "--log-level", "loud"], ["loud"], id="log level"),
        pytest.param(["--config", "/nonexistent.toml"], ["/nonexistent.toml"], id="no file"),
        pytest.param(["--upstraem", "host=db"], ["--upstraem"], id="flag"),
        pytest.param(["--listen", "127.0.0.1:0"], ["upstream"], id="no upstream"),
    ],
)
def test_an_error_on_the_command_line_ends_with_2(run, arguments, words):
    result = run("run", *arguments)
    assert result.returncode == 2, result.stderr
    for word in words:
        assert word in result.stderr


def test_session_keywords_are_ignored_with_one_notice(run, effective):
    """The string from the portal has a user and a password; the app sends its own."""
    conninfo = "host=db.example.com user=someone password=hunter2 dbname=postgres"
    result = run("config", "--upstream", conninfo)
    assert result.returncode == 0, result.stderr
    assert "hunter2" not in result.stdout + result.stderr
    assert result.stderr.count("\n") == 1
    assert all(word in result.stderr for word in ("user", "password", "dbname"))


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["config", "--help"], ["--version"]])
def test_help_and_version(run, arguments):
    result = run(*arguments)
    assert result.returncode == 0
    assert "pg-tls-proxy" in result.stdout
