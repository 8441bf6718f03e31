// Prometheus metrics: the node's own numbers at the time of the scrape, and what the server has answered.
// Labels come from closed sets: names of operations and classes of status.

import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { NodeStats } from '../node/index.js'

/** Metrics of one server. */
export interface ApiMetrics {
  readonly mediaType: string
  /** Notes one answer of an operation. */
  observe(operation: string, status: number, seconds: number): void
  /** The exposition text, with the node's numbers as they are now. */
  scrape(): Promise<string>
}

/** Makes the metrics of a server. `stats` is called once a scrape. */
export function createMetrics(stats: () => NodeStats): ApiMetrics {
  const registry = new Registry()
  const requests = new Counter({
    name: 'stemedb_api_requests_total', help: 'Answers by operation and status class',
    labelNames: ['operation', 'class'], registers: [registry]
  })
  const durations = new Histogram({
    name: 'stemedb_api_request_seconds', help: 'Time to answer by operation',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5], labelNames: ['operation'],
    registers: [registry]
  })
  const gauges = createGauges(registry)
  return {
    mediaType: registry.contentType,
    observe(operation, status, seconds) {
      requests.labels(operation, `${Math.floor(status / 100)}xx`).inc()
      durations.labels(operation).observe(seconds)
    },
    scrape() {
      gauges(stats())
      return registry.metrics()
    }
  }
}

/** Takes over the node's numbers; a metric is made when its name first appears. */
function createGauges(registry: Registry): (stats: NodeStats) => void {
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  return (stats) => {
    for (const [key, value] of Object.entries({ ...stats, process_rss_bytes: process.memoryUsage.rss() })) {
      const name = `stemedb_${key}`
      const options = { name, help: `${key} of this node`, registers: [registry] }
      if (key.endsWith('_total')) {
        const counter = counters.get(key) ?? new Counter(options)
        counters.set(key, counter)
        counter.reset()
        counter.inc(value)
      } else {
        const gauge = gauges.get(key) ?? new Gauge(options)
        gauges.set(key, gauge)
        gauge.set(value)
      }
    }
  }
}
