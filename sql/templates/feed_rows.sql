-- First rows of a feed as they stand: used once, when its stream is added.
from @rows@
limit $most
