"""A Modbus RTU slave that was not written here: python3-pymodbus (Debian) on the port given as the only argument.

Unit 17. Coils 0-31 off; discrete inputs 0-31: every third one closed; holding registers 0-31 = 0;
input registers 0-31 = 1000 + address.
"""

import sys

from pymodbus.datastore import (
    ModbusSequentialDataBlock,
    ModbusServerContext,
    ModbusSlaveContext,
)
from pymodbus.server import StartSerialServer
from pymodbus.transaction import ModbusRtuFramer

slave = ModbusSlaveContext(
    co=ModbusSequentialDataBlock(0, [False] * 32),
    di=ModbusSequentialDataBlock(0, [index % 3 == 0 for index in range(32)]),
    hr=ModbusSequentialDataBlock(0, [0] * 32),
    ir=ModbusSequentialDataBlock(0, [1000 + index for index in range(32)]),
    zero_mode=True,
)
StartSerialServer(
    context=ModbusServerContext(slaves={17: slave}, single=False),
    framer=ModbusRtuFramer,
    port=sys.argv[1],
    baudrate=9600,
    timeout=0.1,
)
