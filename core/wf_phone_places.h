/*-------------------------------------------------------------------------
 *
 * wf_phone_places.h
 *	  Cities and provinces that addresses end in, and their countries; for
 *	  wf_phone_place.c only.
 *
 * Those that addresses of North America end in as well, without their state,
 * are left out.  In the order of their bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PHONE_PLACES_H
#define WF_PHONE_PLACES_H

typedef struct Place
{
	const char *name;
	char		region[3];
} Place;

#define PLACE(name, region) {name, region}

static const Place places[] = {
	PLACE("Aarhus", "DK"), PLACE("Abu Dhabi", "AE"), PLACE("Abuja", "NG"), PLACE("Accra", "GH"),
	PLACE("Ahmedabad", "IN"), PLACE("Ajman", "AE"), PLACE("Al Ain", "AE"),
	PLACE("Al Khobar", "SA"), PLACE("Amsterdam", "NL"), PLACE("Andhra Pradesh", "IN"),
	PLACE("Ankara", "TR"), PLACE("Antwerpen", "BE"), PLACE("Arequipa", "PE"),
	PLACE("Arusha", "TZ"), PLACE("Assam", "IN"), PLACE("Athina", "GR"), PLACE("Auckland", "NZ"),
	PLACE("Bandung", "ID"), PLACE("Bangalore", "IN"), PLACE("Bangkok", "TH"),
	PLACE("Banten", "ID"), PLACE("Barcelona", "ES"), PLACE("Barranquilla", "CO"),
	PLACE("Basel", "CH"), PLACE("Beijing", "CN"), PLACE("Beirut", "LB"),
	PLACE("Belgrade", "RS"), PLACE("Belo Horizonte", "BR"), PLACE("Bengaluru", "IN"),
	PLACE("Beograd", "RS"), PLACE("Berlin", "DE"), PLACE("Bhaktapur", "NP"),
	PLACE("Bhopal", "IN"), PLACE("Bihar", "IN"), PLACE("Bilbao", "ES"), PLACE("Bogota", "CO"),
	PLACE("Bogot\xC3\xA1", "CO"), PLACE("Bogot\xC3\xA1 D.C", "CO"), PLACE("Bologna", "IT"),
	PLACE("Bordeaux", "FR"), PLACE("Brussel", "BE"), PLACE("Brussels", "BE"),
	PLACE("Bruxelles", "BE"), PLACE("Bucharest", "RO"), PLACE("Bucure\xC8\x99ti", "RO"),
	PLACE("Budapest", "HU"), PLACE("Buenos Aires", "AR"), PLACE("Busan", "KR"),
	PLACE("CABA", "AR"), PLACE("CDMX", "MX"), PLACE("Cairo", "EG"), PLACE("Cape Town", "ZA"),
	PLACE("Capital Federal", "AR"), PLACE("Caracas", "VE"), PLACE("Casablanca", "MA"),
	PLACE("Cavite", "PH"), PLACE("Cebu City", "PH"), PLACE("Centurion", "ZA"),
	PLACE("Chandigarh", "IN"), PLACE("Chattogram", "BD"), PLACE("Chennai", "IN"),
	PLACE("Chhattisgarh", "IN"), PLACE("Chittagong", "BD"), PLACE("Christchurch", "NZ"),
	PLACE("Ciudad Aut\xC3\xB3noma de Buenos Aires", "AR"),
	PLACE("Ciudad de M\xC3\xA9xico", "MX"), PLACE("Cluj-Napoca", "RO"),
	PLACE("Co Dublin", "IE"), PLACE("Co. Cork", "IE"), PLACE("Co. Dublin", "IE"),
	PLACE("Co. Galway", "IE"), PLACE("Co. Kildare", "IE"), PLACE("Co. Meath", "IE"),
	PLACE("Co. Wicklow", "IE"), PLACE("Coimbatore", "IN"), PLACE("Cologne", "DE"),
	PLACE("Colombo", "LK"), PLACE("Copenhagen", "DK"), PLACE("Curitiba", "BR"),
	PLACE("DKI Jakarta", "ID"), PLACE("Da Nang", "VN"), PLACE("Dammam", "SA"),
	PLACE("Dar es Salaam", "TZ"), PLACE("Davao City", "PH"), PLACE("Delhi", "IN"),
	PLACE("Den Haag", "NL"), PLACE("Denpasar", "ID"), PLACE("Dhaka", "BD"), PLACE("Doha", "QA"),
	PLACE("Dresden", "DE"), PLACE("Dubai", "AE"), PLACE("Dublin", "IE"), PLACE("Durban", "ZA"),
	PLACE("D\xC3\xBCsseldorf", "DE"), PLACE("Edinburgh", "GB"), PLACE("Eindhoven", "NL"),
	PLACE("Enugu", "NG"), PLACE("Espoo", "FI"), PLACE("Faisalabad", "PK"),
	PLACE("Faridabad", "IN"), PLACE("Firenze", "IT"), PLACE("Frankfurt", "DE"),
	PLACE("Frankfurt am Main", "DE"), PLACE("Galway", "IE"), PLACE("Gauteng", "ZA"),
	PLACE("Gda\xC5\x84sk", "PL"), PLACE("Gent", "BE"), PLACE("Gen\xC3\xA8ve", "CH"),
	PLACE("Ghaziabad", "IN"), PLACE("Giza", "EG"), PLACE("Glasgow", "GB"), PLACE("Graz", "AT"),
	PLACE("Greater London", "GB"), PLACE("Guadalajara", "MX"), PLACE("Guangzhou", "CN"),
	PLACE("Guayaquil", "EC"), PLACE("Gujarat", "IN"), PLACE("Gurgaon", "IN"),
	PLACE("Gurugram", "IN"), PLACE("Guwahati", "IN"), PLACE("G\xC3\xB6teborg", "SE"),
	PLACE("Haifa", "IL"), PLACE("Hamburg", "DE"), PLACE("Hannover", "DE"), PLACE("Hanoi", "VN"),
	PLACE("Haryana", "IN"), PLACE("Helsinki", "FI"), PLACE("Himachal Pradesh", "IN"),
	PLACE("Ho Chi Minh City", "VN"), PLACE("Hong Kong", "HK"), PLACE("Hyderabad", "IN"),
	PLACE("H\xC3\xA0 N\xE1\xBB\x99i", "VN"), PLACE("Ibadan", "NG"), PLACE("Indore", "IN"),
	PLACE("Innsbruck", "AT"), PLACE("Islamabad", "PK"), PLACE("Istanbul", "TR"),
	PLACE("Izmir", "TR"), PLACE("Jaipur", "IN"), PLACE("Jakarta", "ID"),
	PLACE("Jakarta Barat", "ID"), PLACE("Jakarta Pusat", "ID"), PLACE("Jakarta Selatan", "ID"),
	PLACE("Jakarta Timur", "ID"), PLACE("Jakarta Utara", "ID"), PLACE("Jalisco", "MX"),
	PLACE("Jawa Barat", "ID"), PLACE("Jawa Tengah", "ID"), PLACE("Jawa Timur", "ID"),
	PLACE("Jeddah", "SA"), PLACE("Jerusalem", "IL"), PLACE("Jharkhand", "IN"),
	PLACE("Johannesburg", "ZA"), PLACE("Johor", "MY"), PLACE("Johor Bahru", "MY"),
	PLACE("Kaduna", "NG"), PLACE("Kampala", "UG"), PLACE("Kandy", "LK"), PLACE("Karachi", "PK"),
	PLACE("Karnataka", "IN"), PLACE("Kathmandu", "NP"), PLACE("Kerala", "IN"),
	PLACE("Kiev", "UA"), PLACE("Kisumu", "KE"), PLACE("Kochi", "IN"), PLACE("Kolkata", "IN"),
	PLACE("Kowloon", "HK"), PLACE("Krak\xC3\xB3w", "PL"), PLACE("Kuala Lumpur", "MY"),
	PLACE("Kumasi", "GH"), PLACE("KwaZulu-Natal", "ZA"), PLACE("Kyiv", "UA"),
	PLACE("Kyoto", "JP"), PLACE("K\xC3\xB6ln", "DE"), PLACE("K\xC3\xB8" "benhavn", "DK"),
	PLACE("Lagos", "NG"), PLACE("Lagos State", "NG"), PLACE("Laguna", "PH"),
	PLACE("Lahore", "PK"), PLACE("Lalitpur", "NP"), PLACE("Lausanne", "CH"),
	PLACE("Leeds", "GB"), PLACE("Leipzig", "DE"), PLACE("Leuven", "BE"),
	PLACE("Limerick", "IE"), PLACE("Linz", "AT"), PLACE("Lisboa", "PT"), PLACE("Lisbon", "PT"),
	PLACE("Liverpool", "GB"), PLACE("Li\xC3\xA8ge", "BE"), PLACE("London", "GB"),
	PLACE("Lucknow", "IN"), PLACE("Luzern", "CH"), PLACE("Lyon", "FR"),
	PLACE("Madhya Pradesh", "IN"), PLACE("Madrid", "ES"), PLACE("Maharashtra", "IN"),
	PLACE("Makati", "PH"), PLACE("Makati City", "PH"), PLACE("Malm\xC3\xB6", "SE"),
	PLACE("Manila", "PH"), PLACE("Marrakech", "MA"), PLACE("Marseille", "FR"),
	PLACE("Medellin", "CO"), PLACE("Medell\xC3\xADn", "CO"), PLACE("Metro Manila", "PH"),
	PLACE("Mexico City", "MX"), PLACE("Milan", "IT"), PLACE("Milano", "IT"),
	PLACE("Miraflores", "PE"), PLACE("Mombasa", "KE"), PLACE("Monterrey", "MX"),
	PLACE("Moscow", "RU"), PLACE("Multan", "PK"), PLACE("Mumbai", "IN"), PLACE("Munich", "DE"),
	PLACE("Mysore", "IN"), PLACE("Mysuru", "IN"), PLACE("M\xC3\xA1laga", "ES"),
	PLACE("M\xC3\xA9xico D.F", "MX"), PLACE("M\xC3\xBCnchen", "DE"), PLACE("Nagpur", "IN"),
	PLACE("Nairobi", "KE"), PLACE("Nantes", "FR"), PLACE("Napoli", "IT"), PLACE("Nashik", "IN"),
	PLACE("Nasr City", "EG"), PLACE("Navi Mumbai", "IN"), PLACE("New Cairo", "EG"),
	PLACE("New Delhi", "IN"), PLACE("New Taipei City", "TW"), PLACE("New Territories", "HK"),
	PLACE("Noida", "IN"), PLACE("Nuevo Le\xC3\xB3n", "MX"), PLACE("N\xC3\xBCrnberg", "DE"),
	PLACE("Odisha", "IN"), PLACE("Ogun State", "NG"), PLACE("Osaka", "JP"), PLACE("Oslo", "NO"),
	PLACE("Paris", "FR"), PLACE("Pasig City", "PH"), PLACE("Patna", "IN"),
	PLACE("Penang", "MY"), PLACE("Peshawar", "PK"), PLACE("Petaling Jaya", "MY"),
	PLACE("Pokhara", "NP"), PLACE("Port Harcourt", "NG"), PLACE("Porto Alegre", "BR"),
	PLACE("Pozna\xC5\x84", "PL"), PLACE("Prague", "CZ"), PLACE("Praha", "CZ"),
	PLACE("Pretoria", "ZA"), PLACE("Pulau Pinang", "MY"), PLACE("Pune", "IN"),
	PLACE("Quer\xC3\xA9taro", "MX"), PLACE("Quezon City", "PH"), PLACE("Quito", "EC"),
	PLACE("Rabat", "MA"), PLACE("Rajasthan", "IN"), PLACE("Ras Al Khaimah", "AE"),
	PLACE("Rawalpindi", "PK"), PLACE("Rio de Janeiro", "BR"), PLACE("Riyadh", "SA"),
	PLACE("Roma", "IT"), PLACE("Rome", "IT"), PLACE("Rotterdam", "NL"), PLACE("Salzburg", "AT"),
	PLACE("San Isidro", "PE"), PLACE("Sandton", "ZA"), PLACE("Selangor", "MY"),
	PLACE("Selangor Darul Ehsan", "MY"), PLACE("Seoul", "KR"), PLACE("Sevilla", "ES"),
	PLACE("Shanghai", "CN"), PLACE("Sharjah", "AE"), PLACE("Shenzhen", "CN"),
	PLACE("Sialkot", "PK"), PLACE("Sindh", "PK"), PLACE("Singapore", "SG"),
	PLACE("Stockholm", "SE"), PLACE("Strasbourg", "FR"), PLACE("Stuttgart", "DE"),
	PLACE("Surabaya", "ID"), PLACE("Surat", "IN"), PLACE("Sylhet", "BD"),
	PLACE("S\xC3\xA3o Paulo", "BR"), PLACE("TP. H\xE1\xBB\x93 Ch\xC3\xAD Minh", "VN"),
	PLACE("TP.HCM", "VN"), PLACE("Taguig", "PH"), PLACE("Taguig City", "PH"),
	PLACE("Taipei", "TW"), PLACE("Tamil Nadu", "IN"), PLACE("Tamilnadu", "IN"),
	PLACE("Tampere", "FI"), PLACE("Tel Aviv", "IL"), PLACE("Tel-Aviv", "IL"),
	PLACE("Telangana", "IN"), PLACE("Thane", "IN"), PLACE("Thessaloniki", "GR"),
	PLACE("Tokyo", "JP"), PLACE("Torino", "IT"), PLACE("Toulouse", "FR"),
	PLACE("Trondheim", "NO"), PLACE("Utrecht", "NL"), PLACE("Uttar Pradesh", "IN"),
	PLACE("Uttarakhand", "IN"), PLACE("Vadodara", "IN"), PLACE("Varanasi", "IN"),
	PLACE("Vienna", "AT"), PLACE("Visakhapatnam", "IN"), PLACE("Warsaw", "PL"),
	PLACE("Warszawa", "PL"), PLACE("West Bengal", "IN"), PLACE("Western Cape", "ZA"),
	PLACE("Wien", "AT"), PLACE("Winterthur", "CH"), PLACE("Wroc\xC5\x82" "aw", "PL"),
	PLACE("Yokohama", "JP"), PLACE("Zaragoza", "ES"), PLACE("Zurich", "CH"),
	PLACE("Z\xC3\xBCrich", "CH"), PLACE("\xC4\xB0stanbul", "TR"), PLACE("\xC4\xB0zmir", "TR"),
	PLACE("\xCE\x91\xCE\xB8\xCE\xAE\xCE\xBD\xCE\xB1", "GR"),
	PLACE("\xCE\x98\xCE\xB5\xCF\x83\xCF\x83\xCE\xB1\xCE\xBB\xCE\xBF\xCE\xBD\xCE\xAF\xCE\xBA\xCE\xB7", "GR"),
	PLACE("\xD0\x9A\xD0\xB8\xD1\x97\xD0\xB2", "UA"),
	PLACE("\xD0\x9C\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0", "RU"),
	PLACE("\xD0\xA1\xD0\xB0\xD0\xBD\xD0\xBA\xD1\x82-\xD0\x9F\xD0\xB5\xD1\x82\xD0\xB5\xD1\x80\xD0\xB1\xD1\x83\xD1\x80\xD0\xB3", "RU"),
	PLACE("\xE0\xB8\x81\xE0\xB8\xA3\xE0\xB8\xB8\xE0\xB8\x87\xE0\xB9\x80\xE0\xB8\x97\xE0\xB8\x9E\xE0\xB8\xA1\xE0\xB8\xAB\xE0\xB8\xB2\xE0\xB8\x99\xE0\xB8\x84\xE0\xB8\xA3", "TH"),
	PLACE("\xE0\xB8\x81\xE0\xB8\xA3\xE0\xB8\xB8\xE0\xB8\x87\xE0\xB9\x80\xE0\xB8\x97\xE0\xB8\x9E\xE0\xB8\xAF", "TH")
};

#undef PLACE

#endif							/* WF_PHONE_PLACES_H */
