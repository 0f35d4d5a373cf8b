import { definePage } from './registry.ts';

/** Every page of the hub, in the order of the menu. */
export const pages = [
  definePage({
    path: '/floor',
    title: { zh: '演示大厅', en: 'Hall floor' },
    demo: true,
    component: () => import('../pages/FloorPage.vue'),
  }),
  definePage({
    path: '/login',
    title: { zh: '登录', en: 'Log in' },
    component: () => import('../pages/LoginPage.vue'),
  }),
  definePage({
    path: '/join',
    title: { zh: '启用账号', en: 'Set up your account' },
    component: () => import('../pages/JoinPage.vue'),
  }),
  definePage({
    path: '/kiosk/:kiosk',
    title: { zh: '自助打印', en: 'Self-service printing' },
    component: () => import('../pages/KioskPage.vue'),
  }),
  definePage({
    path: '/gates',
    title: { zh: '门岗', en: 'Gates' },
    roles: ['guard', 'auditor'],
    anyArea: true,
    component: () => import('../pages/GatesPage.vue'),
  }),
  definePage({
    path: '/gates/paper/:list/:area',
    title: { zh: '名单', en: 'List' },
    roles: ['guard', 'auditor'],
    anyArea: true,
    component: () => import('../pages/GatePaperPage.vue'),
  }),
  definePage({
    path: '/dorms',
    title: { zh: '归寝', en: 'Dormitories' },
    roles: ['dorms', 'auditor'],
    anyArea: true,
    component: () => import('../pages/DormsPage.vue'),
  }),
  definePage({
    path: '/dorms/:building/:night',
    title: { zh: '归寝名单', en: 'Night' },
    roles: ['dorms', 'auditor'],
    anyArea: true,
    component: () => import('../pages/DormNightPage.vue'),
  }),
  definePage({
    path: '/dorms/:building/residents/:subject',
    title: { zh: '住宿学生', en: 'Resident' },
    roles: ['dorms', 'auditor'],
    anyArea: true,
    component: () => import('../pages/DormResidentPage.vue'),
  }),
  definePage({
    path: '/check-in',
    title: { zh: '新生报到', en: 'Check-in' },
    roles: ['dorms', 'counter'],
    anyArea: true,
    component: () => import('../pages/CheckInPage.vue'),
  }),
  definePage({
    path: '/prints',
    title: { zh: '证明打印', en: 'Certificates' },
    roles: ['counter', 'auditor'],
    component: () => import('../pages/PrintsPage.vue'),
  }),
  definePage({
    path: '/hall',
    title: { zh: '线上大厅同步', en: 'Online hall' },
    roles: ['operator', 'auditor'],
    component: () => import('../pages/HallPage.vue'),
  }),
  definePage({
    path: '/devices',
    title: { zh: '设备', en: 'Devices' },
    roles: ['operator', 'auditor'],
    component: () => import('../pages/DevicesPage.vue'),
  }),
  definePage({
    path: '/devices/:id',
    title: { zh: '设备详情', en: 'Device' },
    roles: ['operator', 'auditor'],
    component: () => import('../pages/DevicePage.vue'),
  }),
  definePage({
    path: '/firmware',
    title: { zh: '固件升级', en: 'Firmware' },
    roles: ['operator', 'auditor'],
    component: () => import('../pages/FirmwarePage.vue'),
  }),
  definePage({
    path: '/agents',
    title: { zh: '现场代理', en: 'Agents' },
    roles: ['operator', 'auditor'],
    component: () => import('../pages/AgentsPage.vue'),
  }),
  definePage({
    path: '/profiles',
    title: { zh: '型号库', en: 'Profiles' },
    roles: ['operator', 'auditor'],
    component: () => import('../pages/ProfilesPage.vue'),
  }),
  definePage({
    path: '/accounts',
    title: { zh: '人员', en: 'Staff' },
    roles: ['operator', 'auditor'],
    component: () => import('../pages/AccountsPage.vue'),
  }),
  definePage({
    path: '/audit',
    title: { zh: '审计', en: 'Audit' },
    roles: ['auditor'],
    component: () => import('../pages/AuditPage.vue'),
  }),
];
