#pragma once

#include <prometheus/collectable.h>

#include <vector>

namespace proxy {

/// The `process_*` metrics that every Prometheus client library has, read from /proc/self when scraped.
/// Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
class ProcessMetrics : public prometheus::Collectable {
public:
    std::vector<prometheus::MetricFamily> Collect() const override;
};

} // namespace proxy
