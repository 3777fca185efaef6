//! The fake KIE behind its listeners.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::Response;
use tokio::sync::Notify;

use super::route::{Door, route};
use super::upload::content;
use super::world::{Answered, Ask, Content, World};
use crate::call::Call;
use crate::clock::Clock;
use crate::journal::{Exchange, Journal};
use crate::server::{Asked, Body, Cut, Host};

#[derive(Debug)]
pub(crate) struct KieHost {
    world: Mutex<World>,
    clock: Clock,
    journal: Journal,
    /// Something is in the outbox, or due at another time than before.
    wake: Notify,
}

impl KieHost {
    pub(crate) fn new(world: World) -> Self {
        let (clock, journal) = (world.clock.clone(), world.journal.clone());
        Self { world: Mutex::new(world), clock, journal, wake: Notify::new() }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Looks at what is due and what may go out.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    fn exchange(&self, call: Call, about: Option<&str>, asked: &Asked, content: &Content) -> Exchange {
        let request = content.summary();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        Exchange {
            method: asked.parts.method.to_string(),
            host: asked.header("host").unwrap_or_default().to_owned(),
            path: asked.parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            model: about.map(str::to_owned).or_else(|| text(&request["model"])),
            callback: text(&request["callBackUrl"]),
            task: asked.query("taskId"),
            request,
            ..Exchange::new(call, self.clock.now_ms())
        }
    }
}

impl Host for KieHost {
    fn answer(self: Arc<Self>, door: usize, asked: Asked) -> BoxFuture<'static, Result<Response<Body>, Cut>> {
        async move {
            let door = Door::ALL[door];
            let (call, about) = route(door, &asked.parts.method, asked.path());
            let content = content(&asked).await;
            let open = self.journal.open(self.exchange(call, about, &asked, &content));
            let ask = Ask { door, call, about, asked: &asked, content: &content, open: &open };
            let Answered { reply, shows, made, early } = self.world().answer(ask);
            for outgoing in early {
                outgoing.deliver().await;
            }
            let replied = Replied { host: self.clone(), task: made };
            reply.deliver(shows, open, replied).await
        }
        .boxed()
    }

    fn work(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            loop {
                let (due, outgoing) = {
                    let mut world = self.world();
                    (world.tick(), world.outgoing())
                };
                for outgoing in outgoing {
                    tokio::spawn(outgoing.deliver());
                }
                let wait = async {
                    match due {
                        Some(due) => self.clock.until(due).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = wait => {}
                }
            }
        }
        .boxed()
    }
}

/// Dropped when the client has its answer, or will never have one.
struct Replied {
    host: Arc<KieHost>,
    task: Option<String>,
}

impl Drop for Replied {
    fn drop(&mut self) {
        if let Some(id) = &self.task
            && let Some(task) = self.host.world().tasks.get_mut(id)
        {
            task.replied = true;
        }
        self.host.wake();
    }
}
