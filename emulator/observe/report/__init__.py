"""`report.html`: one file that needs nothing else, for those who were not there.

`markup` makes escaped elements, `scales` axes and units, `charts` the drawings, `tables` the lists of figures,
`sections` what the page says, `style` how it looks and `page` the whole.  No script, no network: it opens from a mail.
"""
