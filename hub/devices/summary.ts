import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';
import type { DeviceRegistry } from './registry/service.ts';
import type { Devices } from './service.ts';

export const devicesSummary =
  (
    devices: Pick<Devices, 'onBusCount'>,
    registry: Pick<DeviceRegistry, 'list'>,
    agents: { inbox(): { readonly failed: number } },
    broker: {
      state(): { readonly up: boolean; readonly guestsWithoutState: number; readonly withdrawing: readonly string[] };
    },
  ): Summarise =>
  () => {
    const inService = registry.list().filter(({ admin }) => admin.inService);
    const ready = inService.filter(({ health }) => health.state === 'ready').length;
    const strangers = inService.filter(({ stranger }) => stranger).length;
    const { up, guestsWithoutState, withdrawing } = broker.state();
    return {
      domain: 'devices',
      title: { zh: '设备', en: 'Devices' },
      figures: [
        { text: { zh: '正常', en: 'Ready' }, value: ready },
        { text: { zh: '经 MQTT 接入', en: 'On the bus' }, value: devices.onBusCount() },
      ],
      attention: waiting(
        { text: { zh: '设备异常', en: 'Devices in trouble' }, count: inService.length - ready, page: '/devices' },
        {
          text: { zh: '硬件与登记的不一致', en: 'Other hardware answers than the one on record' },
          count: strangers,
          page: '/devices',
        },
        {
          text: { zh: '现场代理上报的事件未能处理', en: 'Events of agents that could not be dealt with' },
          count: agents.inbox().failed,
          page: '/agents',
        },
        { text: { zh: '消息服务器无法访问', en: 'The broker is away' }, count: up ? 0 : 1, page: '/devices' },
        {
          text: {
            zh: '已注销的凭证在消息服务器上尚未失效，正在重试',
            en: 'Withdrawn credentials that the broker may still accept; being tried again',
          },
          count: withdrawing.length,
          page: '/agents',
        },
        {
          text: {
            zh: '消息服务器不保留状态：重启后这些设备的状态未知，直到其再次上报',
            en: 'Devices whose state this broker does not keep: unknown after a restart until they speak',
          },
          count: guestsWithoutState,
          page: '/devices',
        },
      ),
    };
  };
