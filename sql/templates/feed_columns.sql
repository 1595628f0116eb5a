-- Columns of a feed and their types: used once, when its stream is added.
describe from @rows@
