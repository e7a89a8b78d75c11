from cocopot.speedups.python import Lazy as Lazy
from cocopot.speedups.python import LazyArguments as LazyArguments
from cocopot.speedups.python import LazyHeaders as LazyHeaders
from cocopot.speedups.python import TextEncoder as TextEncoder
from cocopot.speedups.python import is_plain_value as is_plain_value
from cocopot.speedups.python import match_plain as match_plain
from cocopot.speedups.python import new as new
from cocopot.speedups.python import plain_arguments as plain_arguments
