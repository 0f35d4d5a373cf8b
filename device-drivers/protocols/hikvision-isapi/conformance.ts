import type { ProtocolConformance } from '../../conformance/types.ts';
import { sameValue, unhex } from '../../conformance/vectors.ts';
import { PARTS_ARE_TESTED, cameraSubject } from '../plate-camera/conformance.ts';
import { createHttpCameraSimulator } from '../plate-camera/simulator.ts';
import { readStatus } from './document.ts';
import { encodeOpen, hikvisionSchema, readEvent } from './messages.ts';

const TOKEN = 'Kd83nQpLw0ZrT5ya';
const PASSWORD = 'a-long-one';

const event = (plate: string | undefined, at: number, id: number): string => {
  const head = `<ipAddress>10.0.0.64</ipAddress><channelID>1</channelID><dateTime>${new Date(at).toISOString()}</dateTime>`;
  const body =
    plate === undefined
      ? '<eventType>videoloss</eventType><eventState>inactive</eventState>'
      : `<eventType>ANPR</eventType><eventState>active</eventState><UUID>event-${id}</UUID>
<ANPR><licensePlate>${plate}</licensePlate><confidenceLevel>96</confidenceLevel><direction>forward</direction></ANPR>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">${head}${body}</EventNotificationAlert>`;
};

export const hikvisionIsapiConformance: ProtocolConformance = {
  protocol: 'hikvision-isapi',
  deviceFaults: () => ({
    silent: ['not-ready', 'order-fails'],
    late: 'the line that delays is this fault',
    'wrong-address': 'one camera an address and a door: nothing else reaches the driver',
    'bad-check': 'bodies carry no check but that of TCP',
    refuses: ['order-fails'],
  }),
  notApplicable: () => ({ frames: PARTS_ARE_TESTED }),
  installation: ({ transport }) => ({
    password: PASSWORD,
    ...(transport.kind === 'http-listen' && { door: { token: TOKEN }, url: 'http://device' }),
  }),
  checkVector: ({ direction, hex, message }, profile) => {
    const params = hikvisionSchema.parse(profile.params);
    const bytes = unhex(hex);
    if (direction === 'request') {
      const { body, path } = encodeOpen(params, message['direction'] === 'out' ? 'out' : 'in');
      sameValue({ path, body }, { path: message['path'], body: Buffer.from(bytes).toString() });
    } else if (message['status'] !== undefined) {
      const status = readStatus({ body: bytes });
      sameValue(status.ok ? 'taken' : status.error.detail, message['status']);
    } else {
      const read = readEvent(params, { headers: {}, body: bytes });
      sameValue(read.ok ? read.value : read.error, message);
    }
  },
  simulateHttp: ({ web, clock, profile }) =>
    cameraSubject(
      createHttpCameraSimulator({
        web,
        clock,
        user: 'admin',
        password: PASSWORD,
        stream: '/ISAPI/Event/notification/alertStream',
        contentType: 'multipart/mixed; boundary=boundary',
        ...(profile.transport.kind === 'http-listen' && { reportsTo: `/${TOKEN}` }),
        part: ({ plate, at, id }) => {
          const xml = Buffer.from(event(plate, at, id));
          const head = `--boundary\r\nContent-Type: application/xml; charset="UTF-8"\r\nContent-Length: ${xml.length}\r\n\r\n`;
          return Buffer.concat([Buffer.from(head), xml, Buffer.from('\r\n--boundary\r\n')]);
        },
        answer: ({ method, target, body }, refuses) => {
          if (target === '/ISAPI/System/deviceInfo')
            return { reply: { status: 200, body: Buffer.from('<DeviceInfo/>') } };
          const asks = Buffer.from(body).toString();
          const opens =
            method === 'PUT' &&
            (target === '/ISAPI/Parking/channels/1/barrierGate'
              ? asks.includes('<ctrlMode>open</ctrlMode>')
              : target === '/ISAPI/System/IO/outputs/1/trigger' && asks.includes('<outputState>high</outputState>'));
          if (!opens) return { reply: { status: 404 } };
          if (refuses)
            return {
              reply: { status: 403, body: Buffer.from('<ResponseStatus><statusCode>4</statusCode></ResponseStatus>') },
            };
          const status = '<ResponseStatus><statusCode>1</statusCode><statusString>OK</statusString></ResponseStatus>';
          return { reply: { status: 200, body: Buffer.from(status) }, opened: true };
        },
      }),
    ),
};
