# toml++ without Debian's shared object.
add_library(tomlplusplus::tomlplusplus INTERFACE IMPORTED)
