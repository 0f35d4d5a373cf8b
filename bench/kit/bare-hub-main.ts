import { once } from 'node:events';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import Database from 'better-sqlite3';
import fastify from 'fastify';
import { say } from './children.ts';

/** The hub's three main libraries with nothing of the hub in between. */
const db = new Database(':memory:');
const server = fastify();
server.get('/', () => db.prepare('SELECT 1').get());
await server.listen({ port: 0, host: '127.0.0.1' });
const broker = await Aedes.createBroker();
const mqtt = createServer(broker.handle).listen(0, '127.0.0.1');
await once(mqtt, 'listening');
say({ ready: true });
