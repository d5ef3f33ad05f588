//! Making a scene ready: the pristine world is built, names become things, and each agent gets its view.

use super::{Plan, Quantities, Quantity, Thing, ThingKind, parameters, walls, world_collider};
use crate::body::{Parts, around, embodiment, join_team, names};
use crate::control::ControlTiming;
use crate::physics::rapier::prelude::*;
use crate::physics::{PhysicsQuery, empty_world};
use crate::scene::disturbance::DisturbancePlan;
use crate::scene::maze::MazePlan;
use crate::scene::place::{Layout, PropPlan};
use crate::scene::schema::{Body, Prop, Scene, Surrounding};
use crate::sensor::SensorPlan;
use crate::signal::Channels;
use crate::task::TaskPlan;
use bevy::prelude::World;
use std::sync::Arc;

impl Plan {
    /// Makes a checked scene ready. (A scene that [`crate::scene::check`] has not passed may give an arena that makes no sense, but no panic.)
    pub fn new(scene: Scene, name: impl Into<String>, hash: u64) -> Self {
        let timing = ControlTiming { control_hz: scene.timing.control_hz.max(1), physics_hz: scene.timing.physics_hz.max(1) };
        let quantities = Quantities(scene.varies.0.clone());
        let agents: Vec<_> = scene.agents().into_iter().map(|(agent, view)| (agent, embodiment(&view, &quantities), view)).collect();
        let mut builder = World::new();
        let entity = builder.spawn(empty_world(parameters(timing, agents.iter().any(|(_, body, _)| body.holds())))).id();
        let mut query = builder.query::<PhysicsQuery>();
        let mut item = query.get_mut(&mut builder, entity).expect("just spawned");
        let mut physics = item.physics();

        let mut things = Vec::new();
        let mut surroundings = Vec::new();
        let mut slope = Quantity::Fixed(0.0);
        let mut room = [5.0, 5.0];
        let mut maze = None;
        for surrounding in &scene.surroundings {
            let fixed = physics.bodies.insert(RigidBodyBuilder::fixed());
            match surrounding {
                Surrounding::Floor { friction, slope: rises } => {
                    slope = quantities.resolve(rises);
                    physics.colliders.insert_with_parent(
                        world_collider(ColliderBuilder::new(SharedShape::halfspace(Vector::Z))),
                        fixed,
                        physics.bodies,
                    );
                    surroundings.push((fixed, quantities.resolve(friction)));
                    things.push(thing("floor", ThingKind::Floor, vec![fixed]));
                }
                Surrounding::Walls { size, height, friction } => {
                    room = [size.0 / 2.0, size.1 / 2.0];
                    for wall in walls(room, *height) {
                        physics.colliders.insert_with_parent(world_collider(wall), fixed, physics.bodies);
                    }
                    surroundings.push((fixed, quantities.resolve(friction)));
                    things.push(thing("walls", ThingKind::Walls(room), vec![fixed]));
                }
                Surrounding::Maze { columns, rows, cell, height, walls, apart, friction } => {
                    let measures = ((*columns as usize, *rows as usize), *cell);
                    let plan = MazePlan::build(measures, *height, quantities.resolve(walls), *apart as usize, fixed, &mut physics);
                    room = plan.room();
                    maze = Some(plan);
                    surroundings.push((fixed, quantities.resolve(friction)));
                    things.push(thing("walls", ThingKind::Walls(room), vec![fixed]));
                }
            }
        }
        things.push(thing("origin", ThingKind::Origin, Vec::new()));
        let bodies_first = things.len();
        let built: Vec<Parts> = agents.iter().map(|(_, body, _)| body.build(&mut physics)).collect();
        for (index, parts) in built.iter().enumerate().filter(|_| built.len() > 1) {
            join_team(index, built.len(), parts, &mut physics);
        }
        let (mut zones, mut points) = (0, 0);
        let mut props = Vec::new();
        for (name, prop) in &scene.props.0 {
            let plan = PropPlan::build(prop, &quantities, &scene, &mut physics);
            let kind = match prop {
                Prop::Zone { .. } => {
                    zones += 1;
                    ThingKind::Zone(zones - 1)
                }
                Prop::Point { .. } => {
                    points += 1;
                    ThingKind::Point(points - 1)
                }
                Prop::Heap { .. } | Prop::Row { .. } | Prop::Stack { .. } | Prop::Scatter { .. } => ThingKind::Group,
                Prop::Box { .. } | Prop::Ball { .. } | Prop::Cylinder { .. } | Prop::Block { .. } => ThingKind::Single,
            };
            things.push(thing(name, kind, plan.members.clone()));
            props.push(plan);
        }
        let pristine = Arc::new(physics.capture());
        let layout = Arc::new(Layout { room, surroundings, maze, props });
        let command = scene.command.as_ref().map(|command| [&command.speed, &command.heading].map(|number| quantities.resolve(number)));
        let (name, source, count) = (name.into(), Arc::new(scene), agents.len());
        let named: Vec<String> = agents.iter().map(|(agent, ..)| agent.clone()).collect();
        let kinds: Vec<(Body, bool)> = agents.iter().map(|(_, body, view)| (view.body.clone(), body.level())).collect();
        let mut views = agents.into_iter().enumerate().map(|(index, (agent, body, scene))| {
            let next = (index + 1) % count;
            let mut seen = body_things("body", &kinds[index], &built[index]);
            if count > 1 {
                seen.extend(body_things("other", &kinds[next], &built[next]));
            }
            let mut things = things.clone();
            for (called, whose) in [("own", index), ("other", next)].into_iter().filter(|_| count > 1) {
                let prefix = format!("{}_", named[whose]);
                let theirs = things.iter().filter_map(|thing| Some((thing.name.strip_prefix(&prefix)?.to_owned(), thing.clone())));
                let theirs: Vec<Thing> = theirs.map(|(name, thing)| Thing { name: format!("{called}_{name}"), ..thing }).collect();
                seen.extend(theirs);
            }
            things.splice(bodies_first..bodies_first, seen);
            let mut plan = Self {
                name: name.clone(),
                hash,
                timing,
                quantities: quantities.clone(),
                observation: Channels::default(),
                action: body.action(),
                task: None,
                things,
                parts: built[index].clone(),
                bindings: body.bindings(),
                steering: body.steering().unwrap_or_else(|| body.action()),
                body,
                sensors: Vec::new(),
                disturbances: Vec::new(),
                layout: layout.clone(),
                slope,
                command,
                pristine: pristine.clone(),
                source: source.clone(),
                scene,
                agent,
                team: Vec::new(),
                sees: around(index, count),
            };
            plan.sensors = plan.scene.sensors.iter().map(|sensor| SensorPlan::new(sensor, &plan)).collect();
            plan.observation = SensorPlan::channels(&plan.sensors, &plan);
            plan.disturbances = plan.scene.disturbances.iter().map(|disturbance| DisturbancePlan::new(disturbance, &plan)).collect();
            plan.task = plan.scene.task.as_ref().map(|task| TaskPlan::new(task, &plan));
            plan
        });
        let mut plan = views.next().expect("a scene has a body");
        plan.team = views.collect();
        plan
    }
}

/// Something with a name.
fn thing(name: &str, kind: ThingKind, members: Vec<RigidBodyHandle>) -> Thing {
    Thing { name: name.into(), kind, members, level: matches!(kind, ThingKind::Zone(_) | ThingKind::Origin) }
}

/// What may be said of a body's parts, which is called `called`; whether it keeps `level`.
fn body_things(called: &str, (body, level): &(Body, bool), parts: &Parts) -> Vec<Thing> {
    let names = names(body);
    let link = |name: &str, handle: RigidBodyHandle| thing(name, ThingKind::Link, vec![handle]);
    let mut things = vec![Thing { level: *level, ..link(called, parts.root()) }];
    things.extend(names.links.iter().zip(&parts.links).map(|(name, handle)| link(&format!("{called}.{name}"), *handle)));
    let spot = |link: usize, at| ThingKind::Spot(parts.links[link], at);
    things.extend(names.points.iter().map(|(point, link, at)| thing(&format!("{called}.{point}"), spot(*link, *at), Vec::new())));
    things
}
