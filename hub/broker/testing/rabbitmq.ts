import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RunningBroker } from './mosquitto.ts';
import { HUB_PASSWORD, testCertificate } from './mosquitto.ts';
import type { BrokerProcess } from './process.ts';
import { freePorts, startProcess, whenListening } from './process.ts';

const SHIPPED = join(import.meta.dirname, '../../../deploy/brokers/rabbitmq');
const NODES = [1, 2, 3] as const;
const START_MS = 120_000;
const RESTART_MS = 1_000;
const MOST_RESTARTS = 5;
/** Three virtual machines share the test's machine: one thread each, and none that waits by spinning. */
const MODEST = '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none';

export interface RunningCluster extends RunningBroker {
  readonly kind: 'rabbitmq';
  readonly urls: readonly [string, ...string[]];
  readonly managementUrls: readonly [string, ...string[]];
  readonly passwordFile: string;
  readonly caFile: string;
  /** Ends one node at once; `back` starts it again. */
  killNode(index: number): Promise<{ back(): Promise<void> }>;
  /** Ends all of them at once. */
  killAll(): Promise<{ back(): Promise<void> }>;
}

/**
 * Three nodes of RabbitMQ on loopback with the configuration that ships; other ports, folders and names. They have an epmd
 * and a cookie of their own, so that nothing else on the machine is touched.
 */
export async function startRabbitmq(): Promise<RunningCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-rabbitmq-'));
  const { key, cert, ca } = await testCertificate();
  const ports = await freePorts(10);
  const [epmdPort = 0] = ports;
  const portsOf = (node: number) => {
    const [mqtt = 0, management = 0, distribution = 0] = ports.slice(node * 3 - 2);
    return { mqtt, management, distribution };
  };
  mkdirSync(join(folder, 'certs'));
  writeFileSync(join(folder, 'certs/server.crt'), cert);
  writeFileSync(join(folder, 'certs/server.key'), key);
  writeFileSync(join(folder, 'certs/ca.crt'), ca);
  writeFileSync(join(folder, '.erlang.cookie'), 'HALLHUBTEST', { mode: 0o400 });

  const epmd = await startProcess('/usr/bin/epmd', ['-address', '127.0.0.1', '-port', String(epmdPort)]);
  await whenListening(epmdPort, epmd.output);

  const environmentOf = (node: number): NodeJS.ProcessEnv => ({
    // Its own `rabbitmqctl`: the one of /usr/sbin changes to the user of the machine's broker.
    PATH: `/usr/lib/rabbitmq/bin:${process.env['PATH'] ?? ''}`,
    LANG: 'C.UTF-8',
    HOME: folder,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_NODENAME: `hallhub${node}@localhost`,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
  });
  const startServer = async (node: number): Promise<BrokerProcess> => {
    const { mqtt, management, distribution } = portsOf(node);
    const home = join(folder, `node-${node}`);
    mkdirSync(home, { recursive: true });
    const config = NODES.reduce(
      (text, other) => text.replace(`rabbit@broker-${other}`, `hallhub${other}@localhost`),
      readFileSync(join(SHIPPED, 'rabbitmq.conf'), 'utf8')
        .replace('0.0.0.0:8883', `127.0.0.1:${mqtt}`)
        .replace('management.ssl.port = 15671', `management.ssl.port = ${management}\nmanagement.ssl.ip = 127.0.0.1`)
        .replaceAll('/etc/rabbitmq/', `${folder}/`)
        .replace('CHANGE-ME', HUB_PASSWORD),
    );
    writeFileSync(join(home, 'rabbitmq.conf'), config);
    return await startProcess('/usr/lib/rabbitmq/bin/rabbitmq-server', [], {
      ...environmentOf(node),
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_MNESIA_BASE: join(home, 'db'),
      RABBITMQ_LOG_BASE: join(home, 'log'),
      RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(SHIPPED, 'enabled_plugins'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {127,0,0,1} ${MODEST}`,
    });
  };

  const startNode = (node: number): Promise<BrokerProcess> => keepAlive(() => startServer(node));

  let nodes: BrokerProcess[] = [];
  const kill = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
  };
  const startAll = async (): Promise<void> => {
    // All together: after a crash of the whole cluster none comes up without the others.
    nodes = await Promise.all(NODES.map(startNode));
    await whenJoined();
  };
  const whenJoined = async (): Promise<void> => {
    const deadline = performance.now() + START_MS;
    const wanted = NODES.length;
    for (;;) {
      const running = await Promise.all(
        NODES.map((node) => runningNodes(`https://127.0.0.1:${portsOf(node).management}/api/nodes`, ca)),
      );
      if (running.every((count) => count === wanted)) return;
      if (performance.now() > deadline)
        throw new Error(`the cluster did not come up; nodes seen: ${running.join(' ')}`);
      await pause(250);
    }
  };

  const startAgain = async (): Promise<void> => {
    await Promise.all([startAll(), ...NODES.map((node) => openRegister(environmentOf(node)))]);
  };

  await startAll();
  const url = (node: number): string => `mqtts://127.0.0.1:${portsOf(node).mqtt}`;
  const management = (node: number): string => `https://127.0.0.1:${portsOf(node).management}`;
  const urls = [url(1), url(2), url(3)] as const;
  const passwordFile = join(folder, 'broker.password');
  writeFileSync(passwordFile, HUB_PASSWORD, { mode: 0o600 });
  return {
    kind: 'rabbitmq',
    urls,
    passwordFile,
    caFile: join(folder, 'certs/ca.crt'),
    broker: { urls, username: 'hub', password: HUB_PASSWORD, ca },
    managementUrls: [management(1), management(2), management(3)],
    restart: async () => {
      await kill();
      await startAgain();
    },
    killAll: async () => {
      await kill();
      return { back: startAgain };
    },
    killNode: async (index) => {
      await nodes[index - 1]?.kill();
      return {
        back: async () => {
          nodes[index - 1] = await startNode(index);
          await whenJoined();
        },
      };
    },
    stop: async () => {
      await kill();
      await epmd.kill();
    },
  };
}

/**
 * A node as its service keeps it (`Restart=on-failure` of Debian's unit): started again when it ended by itself. Nodes that
 * start together need that: one that asks another for its feature flags in the moment in which that one works out its own
 * gives up with `incompatible_feature_flags` (RabbitMQ 3.10).
 */
async function keepAlive(start: () => Promise<BrokerProcess>): Promise<BrokerProcess> {
  let wanted = true;
  let current = await start();
  const isWanted = (): boolean => wanted;
  const watch = async (): Promise<void> => {
    for (let restarts = 0; restarts < MOST_RESTARTS; restarts += 1) {
      await current.gone;
      if (isWanted()) await pause(RESTART_MS);
      if (!isWanted()) return;
      current = await start();
      if (!isWanted()) await current.kill();
    }
  };
  const watching = watch();
  return {
    gone: watching,
    kill: async () => {
      wanted = false;
      await current.kill();
      await watching;
    },
  };
}

/** What an operator does after a power cut (docs/brokers.md); asked again while the node is not there yet. */
async function openRegister(env: NodeJS.ProcessEnv): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const asked = await promisify(execFile)('sh', [join(SHIPPED, 'open-register.sh')], { env }).then(
      ({ stdout }) => stdout.trim(),
      (error: unknown) => String(error),
    );
    if (asked === 'opened' || asked === 'already_open') return;
    if (performance.now() > deadline) throw new Error(`the register of client ids did not open: ${asked}`);
    await pause(500);
  }
}

/** How many nodes this one says are running; 0 while it does not answer. */
function runningNodes(url: string, ca: string): Promise<number> {
  return new Promise((resolve) => {
    const nobody = (): void => {
      resolve(0);
    };
    const call = request(url, { ca, auth: `hub:${HUB_PASSWORD}`, timeout: 5_000 }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.once('end', () => {
        resolve(response.statusCode === 200 ? text.split('"running":true').length - 1 : 0);
      });
      response.once('error', nobody);
    });
    call.once('timeout', () => call.destroy());
    call.once('error', nobody);
    call.end();
  });
}
