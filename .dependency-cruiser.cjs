/** Who may import whom. The reasons are in docs/architecture.md. */
const workspace = (name) => `^${name}/`;
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    {
      name: 'no-orphan-devdep',
      severity: 'error',
      comment: 'Production code must not lean on a development dependency.',
      from: {
        path: '^(sync|hub|device-drivers|firmware-profiles|kiosk-app)/',
        pathNot: '(\\.test\\.ts$|/web/|/ui/|/testing/)',
      },
      // Electron is what the kiosk's shell runs in, not a package that it ships.
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^node_modules/electron/' },
    },
    {
      name: 'profiles-are-the-bottom',
      severity: 'error',
      from: { path: workspace('firmware-profiles') },
      to: { path: '^(device-drivers|hub|kiosk-app)/|^sync/(?!base/)' },
    },
    {
      name: 'drivers-know-no-domain',
      severity: 'error',
      from: { path: workspace('device-drivers') },
      to: { path: '^(hub|kiosk-app)/' },
    },
    {
      name: 'drivers-use-sync-only-in-the-agent',
      severity: 'error',
      from: { path: workspace('device-drivers'), pathNot: '^device-drivers/agent/' },
      to: { path: '^sync/(?!base/)' },
    },
    {
      name: 'sync-stands-alone',
      severity: 'error',
      from: { path: workspace('sync') },
      to: { path: '^(hub|device-drivers|firmware-profiles|kiosk-app)/' },
    },
    {
      name: 'base-stands-alone',
      severity: 'error',
      from: { path: '^sync/base/', pathNot: '\\.test\\.ts$' },
      to: { path: '^sync/(?!base/)' },
    },
    {
      name: 'the-mechanism-is-transport-free',
      severity: 'error',
      from: { path: '^sync/(feed|replica|outbox)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(sync/(adapters|reference-hall|sqlite)/|node_modules/(fastify|better-sqlite3))' },
    },
    {
      name: 'hub-never-imports-the-kiosk',
      severity: 'error',
      from: { path: workspace('hub') },
      to: { path: '^kiosk-app/' },
    },
    {
      name: 'kiosk-sees-edges-and-types-only',
      severity: 'error',
      from: { path: workspace('kiosk-app') },
      comment: 'The agent beside the screen is the same program as `hallhub agent`.',
      to: {
        path: '^hub/',
        pathNot:
          '^hub/(.+/edge(\\.ts|/)|web/kit/|api/types|(kiosks|queue)/contract|lockers/terminal-contract|queue/testing/|agent/index\\.ts$)',
      },
    },
    {
      name: 'a-domain-uses-another-domains-service-only',
      severity: 'error',
      from: { path: '^hub/(requests|gates|attendance|certificates|queue|lockers|rooms|devices|staff|audit)/' },
      to: {
        path: '^hub/(requests|gates|attendance|certificates|queue|lockers|rooms|devices|staff|audit)/',
        pathNot: ['^hub/$1/', '/(service|schema|codes|index)\\.ts$', '/testing/'],
      },
    },
    {
      name: 'rules-are-pure',
      severity: 'error',
      from: { path: '^hub/[a-z]+/(rules|edge)(\\.ts|/)', pathNot: '\\.test\\.ts$' },
      to: { path: '^node:|^fs$|better-sqlite3|fastify|/store\\.ts$|/service\\.ts$' },
    },
    {
      name: 'no-test-code-in-production',
      severity: 'error',
      from: { pathNot: '(\\.test\\.ts$|/testing/|^(e2e|bench)/|vitest\\.config)' },
      to: { path: '(\\.test\\.ts$|/testing/)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.vue'],
    },
  },
};
