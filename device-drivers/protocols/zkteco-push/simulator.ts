/** A terminal with PUSH firmware as it behaves towards its server, moved by hand; it has a codec of its own. */
export interface PushTerminalSimulator {
  /** GET /iclock/cdata; the server's answer. */
  handshake(): Promise<string>;
  /** Somebody is recognised and let in at `time` of its wall clock; the server's answer. */
  punch(pin: string, time: string): Promise<string>;
  /** Uploads what its camera saw when somebody was recognised at `time`; the server's answer. */
  photograph(pin: string, time: string, picture: Uint8Array<ArrayBuffer>): Promise<string>;
  /** Asks what is to be done, does it, and reports. */
  ask(): Promise<void>;
  readonly users: ReadonlyMap<string, string>;
  /** How often somebody was put or withdrawn. */
  done(what: 'put' | 'withdraw'): number;
  /** Carries nothing out, and says so. */
  refuses: boolean;
}

export function createPushTerminalSimulator(options: {
  readonly serial: string;
  /** A request to its server; the answer, or undefined where there is none. `target` is a path with its query. */
  readonly send: (
    method: string,
    target: string,
    body?: string | Uint8Array<ArrayBuffer>,
  ) => Promise<string | undefined>;
}): PushTerminalSimulator {
  const users = new Map<string, string>();
  const records: string[] = [];
  const counts = { put: 0, withdraw: 0 };
  let refuses = false;
  const call = async (method: string, path: string, body?: string | Uint8Array<ArrayBuffer>): Promise<string> => {
    const joint = path.includes('?') ? '&' : '?';
    return (await options.send(method, `/iclock/${path}${joint}SN=${options.serial}`, body)) ?? '';
  };
  /** The result that the terminal gives a command. */
  const carryOut = async (command: string): Promise<number> => {
    const fields = Object.fromEntries(
      command
        .split(/[\t ]/)
        .filter((field) => field.includes('='))
        .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]),
    );
    const pin = fields['PIN'] ?? '';
    if (refuses) return -1004;
    if (command.startsWith('DATA UPDATE USERINFO')) {
      counts.put += 1;
      users.set(pin, fields['Card'] ?? '');
    } else if (command.startsWith('DATA DELETE USERINFO')) {
      counts.withdraw += 1;
      users.delete(pin);
    } else if (command.startsWith('DATA QUERY ATTLOG')) await call('POST', 'cdata?table=ATTLOG', records.join(''));
    else if (command.startsWith('DATA QUERY USERINFO')) {
      const lines = [...users].map(([id, card]) => `USER PIN=${id}\tName=\tPri=0\tCard=${card}\n`);
      await call('POST', 'cdata?table=OPERLOG', lines.join(''));
    } else return -1002;
    return 0;
  };
  return {
    handshake: () => call('GET', 'cdata?options=all&pushver=2.4.1'),
    punch: (pin, time) => {
      const line = `${pin}\t${time}\t0\t15\t0\t0\n`;
      records.push(line);
      return call('POST', 'cdata?table=ATTLOG&Stamp=1', line);
    },
    photograph: (pin, time, picture) => {
      const name = `${time.replaceAll(/\D/g, '')}-${pin}.jpg`;
      const head = `PIN=${name}\nSN=${options.serial}\nsize=${picture.length}\nCMD=uploadphoto\0`;
      return call('POST', 'cdata?table=ATTPHOTO&Stamp=9999', Buffer.concat([Buffer.from(head), picture]));
    },
    ask: async () => {
      const text = await call('GET', 'getrequest');
      const results: string[] = [];
      for (const line of text.split('\n')) {
        const [, id, command] = /^C:(\d+):(.*)$/.exec(line) ?? [];
        if (id !== undefined && command !== undefined)
          results.push(`ID=${id}&Return=${await carryOut(command)}&CMD=DATA`);
      }
      if (results.length > 0) await call('POST', 'devicecmd', results.join('\n'));
    },
    users,
    done: (what) => counts[what],
    get refuses() {
      return refuses;
    },
    set refuses(does) {
      refuses = does;
    },
  };
}
