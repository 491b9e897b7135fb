from crr.runtime.names import FreeNames, folder_name


def test_a_name_is_given_once_whatever_its_capitals_and_accents():
    free = FreeNames()
    given = [free.take(name) for name in ("a", "A", "a_2", "a", "e\u0301", "\u00e9", "straße", "STRASSE")]
    assert given == ["a", "A_2", "a_2_2", "a_3", "e\u0301", "\u00e9_2", "straße", "STRASSE_2"]


def test_a_name_that_something_has_is_not_given():
    assert FreeNames({"a", "a_2"}.__contains__).take("a") == "a_3"


def test_a_folder_is_never_called_as_a_picture():
    assert [folder_name(name) for name in ("line1", "x_mask.PNG")] == ["line1", "x_mask.PNG_"]
