import type { ProtocolConformance } from '../../conformance/types.ts';
import { sameValue, unhex } from '../../conformance/vectors.ts';
import { PARTS_ARE_TESTED, cameraSubject } from '../plate-camera/conformance.ts';
import { createHttpCameraSimulator } from '../plate-camera/simulator.ts';
import { dahuaSchema, encodeOpen, paths, readEvent, readStatus } from './messages.ts';

const PASSWORD = 'another-long-one';

export const dahuaCgiConformance: ProtocolConformance = {
  protocol: 'dahua-cgi',
  deviceFaults: () => ({
    silent: ['not-ready', 'order-fails'],
    late: 'the line that delays is this fault',
    'wrong-address': 'one camera an address and a door: nothing else reaches the driver',
    'bad-check': 'bodies carry no check but that of TCP',
    refuses: ['order-fails'],
  }),
  notApplicable: () => ({ frames: PARTS_ARE_TESTED }),
  installation: () => ({ password: PASSWORD }),
  checkVector: ({ direction, hex, message }, profile) => {
    const params = dahuaSchema.parse(profile.params);
    const bytes = unhex(hex);
    if (direction === 'request') sameValue(encodeOpen(params.channel), Buffer.from(bytes).toString());
    else if (message['status'] !== undefined) {
      const status = readStatus({ body: bytes });
      sameValue(status.ok ? 'taken' : status.error.detail, message['status']);
    } else {
      const read = readEvent(params, { headers: {}, body: bytes });
      sameValue(read.ok ? read.value : read.error, message);
    }
  },
  simulateHttp: ({ web, clock }) =>
    cameraSubject(
      createHttpCameraSimulator({
        web,
        clock,
        user: 'admin',
        password: PASSWORD,
        stream: paths.events,
        contentType: 'multipart/x-mixed-replace; boundary=myboundary',
        part: ({ plate, at, id }) => {
          const data = {
            EventID: id,
            RealUTC: Math.floor(at / 1_000),
            UTCMS: at % 1_000,
            TrafficCar: { PlateNumber: plate, DrivingDirection: ['Approach', '', ''] },
          };
          const text =
            plate === undefined
              ? 'Heartbeat'
              : `Code=TrafficJunction;action=Pulse;index=0;data=${JSON.stringify(data, undefined, 2)}`;
          const body = Buffer.from(text);
          const head = `--myboundary\r\nContent-Type: text/plain\r\nContent-Length:${body.length}\r\n\r\n`;
          return Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n\r\n--myboundary\r\n')]);
        },
        answer: ({ target }, refuses) => {
          if (target.startsWith('/cgi-bin/magicBox.cgi'))
            return { reply: { status: 200, body: Buffer.from('name=gate\r\n') } };
          if (!target.startsWith('/cgi-bin/trafficSnap.cgi?action=openStrobe&channel=1&'))
            return { reply: { status: 404 } };
          if (refuses) return { reply: { status: 400, body: Buffer.from('Error\r\nBad Request!\r\n') } };
          return { reply: { status: 200, body: Buffer.from('OK\r\n') }, opened: true };
        },
      }),
    ),
};
