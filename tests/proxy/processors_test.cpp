#include "proxy/server/processors.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>

namespace {

class Processors : public testing::Test {
protected:
    Processors() {
        std::string name = testing::TempDir() + "processors-XXXXXX";
        root = mkdtemp(name.data());
    }
    ~Processors() override { std::filesystem::remove_all(root); }

    void write(const std::string& file, const std::string& text) {
        const auto path = root / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    unsigned available() { return proxy::available_processors(root / "own", root); }

    std::filesystem::path root;
    const unsigned all = std::thread::hardware_concurrency();
};

TEST_F(Processors, AreAllWhereNothingIsSaid) {
    EXPECT_EQ(available(), all);
}

TEST_F(Processors, AreThoseItMayRunOn) {
    cpu_set_t before;
    ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(available(), 1);
    sched_setaffinity(0, sizeof before, &before);
}

TEST_F(Processors, AreAllWithoutALimit) {
    write("own", "0::/\n");
    write("cpu.max", "max 100000\n");
    EXPECT_EQ(available(), all);
}

TEST_F(Processors, AreThoseOfTheContainersLimit) {
    write("own", "0::/\n");
    write("cpu.max", "100000 100000\n");
    EXPECT_EQ(available(), 1);
}

TEST_F(Processors, AreRoundedUp) {
    write("cpu.max", "10000 100000\n");
    EXPECT_EQ(available(), 1);
    write("cpu.max", std::to_string(all * 100'000 - 1) + " 100000\n");
    EXPECT_EQ(available(), all);
}

TEST_F(Processors, AreNoMoreThanThereAre) {
    write("cpu.max", "100000000 100000\n");
    EXPECT_EQ(available(), all);
}

TEST_F(Processors, AreLimitedByAnyGroupAbove) {
    write("own", "4:cpu:/elsewhere\n0::/pod/container\n");
    write("pod/container/cpu.max", "max 100000\n");
    write("pod/cpu.max", "50000 100000\n");
    EXPECT_EQ(available(), 1);
}

TEST_F(Processors, AreNotLimitedByAnothersGroup) {
    write("own", "0::/mine\n");
    write("other/cpu.max", "50000 100000\n");
    EXPECT_EQ(available(), all);
}

TEST_F(Processors, AreNotMisreadFromWhatIsNoLimit) {
    write("cpu.max", "0 0\n");
    EXPECT_EQ(available(), all);
    write("cpu.max", "words\n");
    EXPECT_EQ(available(), all);
}

} // namespace
