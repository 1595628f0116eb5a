drop view analyst.@view@
