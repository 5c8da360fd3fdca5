//! Owns the values that are read at the moment of a scrape, because a stored copy would lie in between.

use std::fmt;
use std::sync::{Arc, OnceLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::api::FIELD_MANAGER;
use crate::readiness::Liveness;

use super::labels::THIS_QUEUE;
use super::running::Running;
use super::table::{self, Definition};
use super::{Census, Population};

pub(super) struct Live {
    pub(super) liveness: Liveness,
    pub(super) running: Arc<Running>,
    pub(super) census: Arc<OnceLock<Census>>,
}

impl fmt::Debug for Live {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Live").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReady {
    ready: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByLease {
    name: &'static str,
}

impl Collector for Live {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let (all, longest) = self.running.seconds();
        let mut gauges = Gauges(&mut encoder);
        gauges.family(&table::UNFINISHED_WORK_SECONDS, &[(THIS_QUEUE, all)])?;
        gauges.family(&table::LONGEST_RUNNING_SECONDS, &[(THIS_QUEUE, longest)])?;
        if let Some(age) = self.liveness.watch_age() {
            gauges.single(&table::WATCH_AGE_SECONDS, age.as_secs_f64())?;
        }
        if let Some(census) = self.census.get() {
            let Population {
                ready,
                not_ready,
                unknown,
                waiting_in_lane,
                identities,
                leads,
            } = census();
            let objects = [("True", ready), ("False", not_ready), ("Unknown", unknown)]
                .map(|(ready, count)| (ByReady { ready }, count));
            gauges.family(&table::OBJECTS, &objects)?;
            gauges.single(&table::LANE_WAITING, waiting_in_lane)?;
            gauges.single(&table::IDENTITIES, identities)?;
            if let Some(leads) = leads {
                let this = ByLease {
                    name: FIELD_MANAGER,
                };
                gauges.family(&table::LEADER, &[(this, u64::from(leads))])?;
            }
        }
        Ok(())
    }
}

struct Gauges<'encoder, 'page>(&'encoder mut DescriptorEncoder<'page>);

impl Gauges<'_, '_> {
    fn family<Labels, Value>(
        &mut self,
        definition: &Definition,
        samples: &[(Labels, Value)],
    ) -> Result<(), fmt::Error>
    where
        Labels: EncodeLabelSet,
        Value: Copy,
        ConstGauge<Value>: EncodeMetric,
    {
        let help = format!("{}.", definition.help);
        let mut metric =
            self.0
                .encode_descriptor(definition.name, &help, None, MetricType::Gauge)?;
        for (labels, value) in samples {
            ConstGauge::new(*value).encode(metric.encode_family(labels)?)?;
        }
        Ok(())
    }

    fn single<Value>(&mut self, definition: &Definition, value: Value) -> Result<(), fmt::Error>
    where
        ConstGauge<Value>: EncodeMetric,
    {
        let help = format!("{}.", definition.help);
        let metric = self
            .0
            .encode_descriptor(definition.name, &help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(metric)
    }
}
