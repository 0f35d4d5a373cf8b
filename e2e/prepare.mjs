#!/usr/bin/env node
// Plain JavaScript, run first: puts the Debian packages in place that the tests need, or says in one line how to get them.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Package → a file that it brings. */
const PACKAGES = {
  socat: '/usr/bin/socat',
  'python3-pymodbus': '/usr/lib/python3/dist-packages/pymodbus/__init__.py',
  'python3-serial': '/usr/lib/python3/dist-packages/serial/__init__.py',
  'python3-serial-asyncio': '/usr/lib/python3/dist-packages/serial_asyncio/__init__.py',
  'libmodbus-dev': '/usr/include/modbus/modbus.h',
  gcc: '/usr/bin/gcc',
  'libc6-dev': '/usr/include/stdlib.h',
  mbpoll: '/usr/bin/mbpoll',
  'cups-ipp-utils': '/usr/sbin/ippeveprinter',
  'cups-client': '/usr/bin/lp',
  'dbus-daemon': '/usr/bin/dbus-run-session',
  'poppler-utils': '/usr/bin/pdftotext',
  'mupdf-tools': '/usr/bin/mutool',
  ghostscript: '/usr/bin/gs',
  qpdf: '/usr/bin/qpdf',
  softhsm2: '/usr/lib/softhsm/libsofthsm2.so',
  opensc: '/usr/bin/pkcs11-tool',
  'libnss3-tools': '/usr/bin/certutil',
  mosquitto: '/usr/sbin/mosquitto',
  'rabbitmq-server': '/usr/lib/rabbitmq/bin/rabbitmq-server',
  'zbar-tools': '/usr/bin/zbarimg',
  'espeak-ng': '/usr/bin/espeak-ng',
  'alsa-utils': '/usr/bin/aplay',
  chromium: '/usr/bin/chromium',
  'fonts-hanazono': '/usr/share/fonts/truetype/hanazono/HanaMinB.ttf',
  'fonts-noto-cjk': '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
};

const missing = Object.entries(PACKAGES)
  .filter(([, file]) => !existsSync(file))
  .map(([name]) => name);
if (missing.length > 0) {
  const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const onDebian = existsSync('/etc/debian_version') || /debian/i.test(readFileSync('/etc/os-release', 'utf8'));
  const isRoot = process.getuid?.() === 0;
  if (!onDebian || !isRoot) {
    process.stderr.write(`The tests need Debian packages that are not here. Install them with:\n\n  sudo ${line}\n\n`);
    process.exit(1);
  }
  process.stderr.write(`installing what the tests need: ${missing.join(' ')}\n`);
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  // Brokers and the like are run by the tests themselves: no service of theirs is to be started now (invoke-rc.d(8)).
  const policy = '/usr/sbin/policy-rc.d';
  const ownPolicy = !existsSync(policy);
  if (ownPolicy) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    spawnSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], options);
  } finally {
    if (ownPolicy) rmSync(policy);
  }
}
