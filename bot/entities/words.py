"""Words that are also names: which of them need evidence, and which are not looked for at all."""

from __future__ import annotations

# First names that are places too; alone they need a neighbour that speaks of a place.
FIRST_NAMES = frozenset(
    """
    jordan georgia chad paris florence sydney charlotte victoria lincoln austin dallas houston madison jackson hamilton washington
    sofia alexandria israel brooklyn savannah carolina dakota virginia montana chelsea lourdes asia india kenya ireland francis
    aden odessa samara santiago diego tyler troy logan preston bradford milton melbourne vienna verona siena adelaide alberta regina
    isis cairo phoenix london trinity eden jasper aurora geneva valencia marina mercedes laurel kingston clinton nelson
    """.split()
)

# Words that are also names of places or groups somewhere; in small letters they are just words.
COMMON = frozenset(
    """
    hit nice reading mobile bath split most along bar ball bay bend best bird bond bury cash center central china cork date deal
    dover eagle early east enterprise eye faith field fort forest golden grace hand harbor hope hull ideal independence island
    justice lead liberal liberty lima lodge long march mercy mine moral mission moscow mull normal north of orange paradise park
    peace pike pine police poole port pride progress protection rain republic rice rich rock rome rugby rush sale sandwich sandy
    save say south spring star stone success sun surprise tan temple torch tour troy turkey union unity van victor victory wells
    west white wood york young guinea jersey java champagne hamburger panama india amal fatah badr front guard army force forces
    storm dawn shield base movement future change now telegram apple amazon meta target shell total vice politico time mirror
    independent guardian observer times post express nation standard today herald telegraph globe monitor anna ana mena sana irna
    wafa nina efe dpa goma sake un
    """.split()
)

# The commonest words of English that are also the name of some place: alone they are never looked for in the world's names.
# At a million names they make four of five hits (measured on news), and none of them is right.
AMBIGUOUS = frozenset(
    """
    about according across advance after again against agency ago aid air al all along also although always an and another any april arab
    are area aren army around arrest as asked at attack attacks august baby bad bank battle be because been before began begun being best
    better between bid big billion bodies body bomb bombs book border born both boy bring brother brought brush bureau business but buy by
    call called calls came can care cars case cases cash central chair chance change charge chat child children chinese christian church
    city close closed club come commerce company competition content control could country course court cup cut date daughter day days
    dead deal death december did die do does dogs done door down drew driver during each early earnest eastern economy effort end ending
    energy english era even evening ever every eye fall family far farmers father february federal fell few fighters fighting find fire
    first food for force forces found four french friday friend from front fully game gap gas gave german get gets girl give given go goal
    goes going gone good got government great group groups growth had hall hand happy hard has have having he heard held hell help her
    here high him his hold hole home hometown hospital hour hours house how however hub human hundred hunting husband if in industry
    injured into iron is it italian its january japanese jewish job jobs judge july june junior just justice keep kept killed killing knew
    know known labor lack large last later law lay lead leader league least leave left less let level light limit line list little lives
    loans long look lose loss lost lot love low made magazine main major make man many march mark market marks match maximum may me means
    media meet meeting members men met metal might miles military million mind mining minister ministry minor minutes monday money month
    months more morning mother much muslim must my name near need needed never new news next night nine no none normal north northern not
    november now number october of off officer officers official officials often oil old on once one only open opportunity or other our
    out over own page paper part parts party patrol pay peace people per person phone plan planes plans play played plot plus police
    polish pool popular possession post power powers pre president price principal progress proven purchase put quarter rate rates re
    reach real receiving record recovery red reform report reported reports research rest rice rich right rise road rose rule run russian
    said sale sales same saturday save say school season second secretary section security see seem seen sees sell send sense sent
    september set seven shall share shared shares she shelling shells shot should show showed shows side sides since sister small so
    soldiers sole some sometimes son soon source sources spanish spoken spokesman start state statement states station steps still stock
    store story street strike strikes success such summer sunday support take taken taking talks tall tax team tell ten than that the
    their them then there they think third this though thought thousand through thursday time to today told toll tomorrow too took town
    towns trade train trans tree trial tried trip troops try tuesday turn twice under university until up us use used very vice village
    vote walk wall want wanted war warns was water ways we wednesday week well went were when where which while white who why wife will
    win with within without woman women won work workers working works world worth would wounded year years yesterday you young your zone
    """.split()
)
