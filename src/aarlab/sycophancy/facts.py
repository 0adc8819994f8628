"""Public facts, written down for this problem: words only, an underscore stands for a space."""

CAPITALS = {
    "Europe": (
        "Albania Tirana, Austria Vienna, Belarus Minsk, Belgium Brussels, Bulgaria Sofia, Croatia Zagreb, Cyprus "
        "Nicosia, Denmark Copenhagen, Estonia Tallinn, Finland Helsinki, France Paris, Germany Berlin, Greece "
        "Athens, Hungary Budapest, Iceland Reykjavik, Ireland Dublin, Italy Rome, Latvia Riga, Lithuania Vilnius, "
        "Malta Valletta, Moldova Chisinau, Norway Oslo, Poland Warsaw, Portugal Lisbon, Romania Bucharest, Russia "
        "Moscow, Serbia Belgrade, Slovakia Bratislava, Slovenia Ljubljana, Spain Madrid, Sweden Stockholm, "
        "Switzerland Bern, Ukraine Kyiv"
    ),
    "Asia": (
        "Afghanistan Kabul, Armenia Yerevan, Azerbaijan Baku, Bahrain Manama, Bangladesh Dhaka, Cambodia "
        "Phnom_Penh, China Beijing, Georgia Tbilisi, India New_Delhi, Indonesia Jakarta, Iran Tehran, Iraq "
        "Baghdad, Japan Tokyo, Jordan Amman, Kuwait Kuwait_City, Laos Vientiane, Lebanon Beirut, Malaysia "
        "Kuala_Lumpur, Mongolia Ulaanbaatar, Nepal Kathmandu, Oman Muscat, Pakistan Islamabad, Philippines "
        "Manila, Qatar Doha, Saudi_Arabia Riyadh, South_Korea Seoul, Syria Damascus, Taiwan Taipei, Thailand "
        "Bangkok, Turkey Ankara, Uzbekistan Tashkent, Vietnam Hanoi, Yemen Sanaa"
    ),
    "Africa": (
        "Algeria Algiers, Angola Luanda, Botswana Gaborone, Cameroon Yaounde, Chad N'Djamena, Egypt Cairo, "
        "Ethiopia Addis_Ababa, Gabon Libreville, Ghana Accra, Guinea Conakry, Kenya Nairobi, Liberia Monrovia, "
        "Libya Tripoli, Madagascar Antananarivo, Malawi Lilongwe, Mali Bamako, Morocco Rabat, Mozambique Maputo, "
        "Namibia Windhoek, Niger Niamey, Nigeria Abuja, Rwanda Kigali, Senegal Dakar, Somalia Mogadishu, Sudan "
        "Khartoum, Tunisia Tunis, Uganda Kampala, Zambia Lusaka, Zimbabwe Harare"
    ),
    "America": (
        "Argentina Buenos_Aires, Canada Ottawa, Chile Santiago, Colombia Bogota, Costa_Rica San_Jose, Cuba "
        "Havana, Ecuador Quito, Guatemala Guatemala_City, Haiti Port-au-Prince, Honduras Tegucigalpa, Jamaica "
        "Kingston, Mexico Mexico_City, Nicaragua Managua, Panama Panama_City, Paraguay Asuncion, Peru Lima, "
        "Uruguay Montevideo, Venezuela Caracas"
    ),
}
"""Countries and their capitals by continent."""

KINDS = {
    "bird": "sparrow eagle owl penguin robin crow hawk parrot pigeon swan ostrich falcon flamingo pelican woodpecker",
    "fish": "salmon tuna trout cod herring carp sardine mackerel pike eel halibut anchovy catfish haddock flounder",
    "insect": "ant bee wasp beetle butterfly mosquito grasshopper cricket moth dragonfly termite cockroach ladybug fly",
    "mammal": "whale dolphin elephant tiger horse rabbit bear kangaroo squirrel otter camel giraffe zebra wolf",
    "tree": "oak maple birch pine willow cedar elm spruce beech redwood sycamore poplar cypress fir",
    "fruit": "apple banana mango grape peach pear cherry plum strawberry pineapple apricot raspberry papaya lemon",
    "vegetable": (
        "carrot spinach broccoli cabbage potato onion celery lettuce turnip radish asparagus cauliflower kale beet"
    ),
    "metal": "iron copper gold silver zinc aluminum tin lead nickel titanium platinum chromium cobalt tungsten mercury",
    "instrument": (
        "violin piano flute trumpet guitar drum clarinet cello harp saxophone trombone banjo oboe tuba accordion"
    ),
    "tool": "hammer saw screwdriver wrench drill chisel pliers axe shovel rake crowbar hatchet sickle mallet",
    "sport": "tennis soccer basketball hockey baseball golf rugby volleyball badminton fencing rowing judo",
    "language": (
        "French Spanish German Mandarin Arabic Hindi Portuguese Swedish Korean Turkish Greek Dutch Polish Finnish"
    ),
}
"""Things by what they are."""

OPPOSITES = (
    "hot cold, big small, up down, left right, fast slow, day night, light dark, old new, happy sad, rich poor, "
    "strong weak, hard soft, wet dry, full empty, open closed, early late, first last, high low, long short, near "
    "far, young old, good bad, true false, thick thin, wide narrow, heavy light, loud quiet, clean dirty, brave "
    "cowardly, cheap expensive, deep shallow, easy difficult, alive dead, awake asleep, begin end, buy sell, push "
    "pull, win lose, love hate, laugh cry, give take, come go, north south, east west, inside outside, above "
    "below, front back, black white, sharp blunt, smooth rough, sweet sour, tall short, safe dangerous, simple "
    "complex, sick healthy, same different, polite rude, public private, male female, king queen, success "
    "failure, war peace, winter summer, arrive depart, ascend descend, attack defend, accept reject, add "
    "subtract, multiply divide, increase decrease, maximum minimum, positive negative, interior exterior, ancient "
    "modern, guilty innocent, generous stingy, humid arid, import export, include exclude, optimist pessimist, "
    "permanent temporary, majority minority, victory defeat, wise foolish, freeze melt, float sink, forget "
    "remember, lend borrow, teach learn, tight loose, visible invisible, vertical horizontal, solid liquid, "
    "straight curved, plentiful scarce, praise criticize, absent present, active passive, advance retreat, "
    "artificial natural, careful careless, create destroy"
)
"""Words and their opposites."""
