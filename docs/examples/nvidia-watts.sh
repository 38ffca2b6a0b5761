#!/bin/sh
# For `inferometer run --power docs/examples/nvidia-watts.sh`: the power of each GPU of this machine, once a second, as lines of JSON.
nvidia-smi --query-gpu=index,power.draw --format=csv,noheader,nounits --loop=1 |
  awk -F', ' '{ printf "{\"device\": \"%s\", \"watts\": %s}\n", $1, $2; fflush() }'
