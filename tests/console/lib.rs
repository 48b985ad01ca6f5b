//! A server of console-subscriber, and what a client reads from its stream.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::OnceLock,
    thread,
    time::Duration,
};

use console_api::{
    Attribute, Field, Location, field,
    instrument::{InstrumentRequest, Update, instrument_client::InstrumentClient},
    tasks::Stats,
};
use console_subscriber::{ConsoleLayer, ServerParts};
use tokio::{net::TcpListener, runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Streaming, transport};
use tracing::{Metadata, subscriber};
use tracing_subscriber::{
    Layer, filter::FilterFn, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

/// How many updates a client reads before it gives up. They come every few milliseconds.
const MOST_UPDATES: usize = 2_000;

/// What a client knows by now.
#[derive(Debug, Default)]
pub struct State {
    pub resources: BTreeMap<u64, Resource>,
    pub operations: BTreeMap<u64, Operation>,
    pub tasks: BTreeMap<u64, Task>,
    pub polls: Vec<Poll>,
    /// How many events the server did not keep up with.
    pub dropped: u64,
}

#[derive(Debug)]
pub struct Resource {
    pub concrete_type: String,
    pub kind: String,
    pub is_internal: bool,
    pub location: Option<Location>,
    pub attributes: Attributes,
    pub is_over: bool,
}

#[derive(Debug)]
pub struct Operation {
    pub source: String,
    pub resource: u64,
    pub task: Option<u64>,
    pub polls: u64,
    pub attributes: Attributes,
    pub is_over: bool,
}

#[derive(Debug)]
pub struct Task {
    pub fields: BTreeMap<String, String>,
    pub location: Option<Location>,
    pub stats: Stats,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    pub name: String,
    pub resource: u64,
    pub operation: u64,
    pub task: u64,
    pub is_ready: bool,
}

/// Attributes as the console prints them.
pub type Attributes = BTreeMap<String, String>;

impl Resource {
    /// Returns an attribute, or the empty text.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

impl State {
    /// Returns the resources of that name, with their numbers.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (u64, &'a Resource)> {
        let all = self.resources.iter().map(|(id, resource)| (*id, resource));
        all.filter(move |(_, resource)| resource.attribute("name") == name)
    }

    /// Returns the task of that name, with its number.
    pub fn task(&self, name: &str) -> Option<(u64, &Task)> {
        let is_its =
            |task: &Task| task.fields.get("task.name").is_some_and(|called| called == name);
        self.tasks.iter().find(|(_, task)| is_its(task)).map(|(id, task)| (*id, task))
    }

    /// Returns the operations on the resources of that name, with their numbers.
    pub fn operations_on(&self, name: &str) -> Vec<(u64, &Operation)> {
        let is_its = |operation: &Operation| {
            let resource = self.resources.get(&operation.resource);
            resource.is_some_and(|resource| resource.attribute("name") == name)
        };
        let all = self.operations.iter().map(|(id, operation)| (*id, operation));
        all.filter(|(_, operation)| is_its(operation)).collect()
    }

    fn apply(&mut self, update: Update) {
        if let Some(update) = update.task_update {
            self.dropped += update.dropped_events;
            for new in update.new_tasks {
                let task = Task {
                    fields: new.fields.into_iter().filter_map(named_value).collect(),
                    location: new.location,
                    stats: Stats::default(),
                };
                self.tasks.entry(id(new.id)).or_insert(task);
            }
            for (id, stats) in update.stats_update {
                if let Some(task) = self.tasks.get_mut(&id) {
                    task.stats = stats;
                }
            }
        }
        if let Some(update) = update.resource_update {
            self.dropped += update.dropped_events;
            for new in update.new_resources {
                let resource = Resource {
                    concrete_type: new.concrete_type,
                    kind: new.kind.and_then(|kind| kind.kind).map_or_else(String::new, |kind| {
                        use console_api::resources::resource::kind::Kind;
                        match kind {
                            Kind::Known(number) => format!("known {number}"),
                            Kind::Other(other) => other,
                        }
                    }),
                    is_internal: new.is_internal,
                    location: new.location,
                    attributes: Attributes::new(),
                    is_over: false,
                };
                self.resources.entry(id(new.id)).or_insert(resource);
            }
            for (id, stats) in update.stats_update {
                if let Some(resource) = self.resources.get_mut(&id) {
                    resource.attributes = printed(stats.attributes);
                    resource.is_over = stats.dropped_at.is_some();
                }
            }
            self.polls.extend(update.new_poll_ops.into_iter().map(|poll| Poll {
                name: poll.name,
                resource: id(poll.resource_id),
                operation: id(poll.async_op_id),
                task: id(poll.task_id),
                is_ready: poll.is_ready,
            }));
        }
        if let Some(update) = update.async_op_update {
            self.dropped += update.dropped_events;
            for new in update.new_async_ops {
                let operation = Operation {
                    source: new.source,
                    resource: id(new.resource_id),
                    task: None,
                    polls: 0,
                    attributes: Attributes::new(),
                    is_over: false,
                };
                self.operations.entry(id(new.id)).or_insert(operation);
            }
            for (id, stats) in update.stats_update {
                if let Some(operation) = self.operations.get_mut(&id) {
                    operation.task = stats.task_id.map(|task| task.id);
                    operation.polls = stats.poll_stats.map_or(0, |stats| stats.polls);
                    operation.attributes = printed(stats.attributes);
                    operation.is_over = stats.dropped_at.is_some();
                }
            }
        }
    }
}

fn id(id: Option<console_api::Id>) -> u64 {
    id.expect("what the server sends has a number").id
}

fn printed(attributes: Vec<Attribute>) -> Attributes {
    attributes.into_iter().filter_map(|attribute| named_value(attribute.field?)).collect()
}

fn named_value(field: Field) -> Option<(String, String)> {
    let field::Name::StrName(name) = field.name? else { return None };
    let value = match field.value? {
        field::Value::DebugVal(text) | field::Value::StrVal(text) => text,
        field::Value::U64Val(number) => number.to_string(),
        field::Value::I64Val(number) => number.to_string(),
        field::Value::BoolVal(value) => value.to_string(),
    };
    Some((name, value))
}

/// A client.
#[derive(Debug)]
pub struct Client {
    updates: Streaming<Update>,
    pub state: State,
}

impl Client {
    /// Connects to the server of this process, which is started with the first client. A resource
    /// is shown if it is used from then on.
    pub async fn connect() -> Self {
        let address = format!("http://{}", server());
        let mut client = InstrumentClient::connect(address).await.expect("the server listens");
        let updates = client.watch_updates(InstrumentRequest {}).await.expect("it answers");
        Self { updates: updates.into_inner(), state: State::default() }
    }

    /// Reads updates until `seen` returns true of what is known.
    ///
    /// # Panics
    ///
    /// Panics if it does not after many updates.
    pub async fn until(&mut self, what: &str, seen: impl Fn(&State) -> bool) -> &State {
        for _ in 0..MOST_UPDATES {
            if seen(&self.state) {
                return &self.state;
            }
            let update = self.updates.message().await.expect("the stream goes on");
            self.state.apply(update.expect("the server does not end"));
        }
        panic!("the console has not seen {what}: {:#?}", self.state);
    }
}

/// Returns where the server listens. It is in a thread of its own that is not shown.
fn server() -> SocketAddr {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    *SERVER.get_or_init(|| {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("it is a socket");
        let address = listener.local_addr().expect("it is bound");
        let builder = ConsoleLayer::builder().publish_interval(Duration::from_millis(5));
        let (layer, server) = builder.build();
        thread::spawn(move || {
            let _unseen = subscriber::set_default(subscriber::NoSubscriber::new());
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                let ServerParts { instrument_server, aggregator, .. } = server.into_parts();
                tokio::spawn(aggregator.run());
                let listener = TcpListener::from_std(listener).expect("it does not block");
                let router = transport::Server::builder().add_service(instrument_server);
                router
                    .serve_with_incoming(TcpListenerStream::new(listener))
                    .await
                    .expect("it serves");
            });
        });
        // As `console_subscriber::init` filters.
        let filter = FilterFn::new(|metadata: &Metadata<'_>| match metadata.is_event() {
            true => metadata.target().starts_with("runtime"),
            false => metadata.name().starts_with("runtime."),
        });
        registry().with(layer.with_filter(filter)).init();
        address
    })
}
