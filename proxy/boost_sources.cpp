// The implementations of Boost.Beast and Boost.JSON, compiled once.
#include <boost/beast/src.hpp>
#include <boost/json/src.hpp>
